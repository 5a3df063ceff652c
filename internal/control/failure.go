package control

import (
	"context"
	"errors"
	"net/http"
)

// ErrorOf returns err as an error for the user: the first *Error that it wraps, or one with
// CodeUnexpected and its text. It returns nil for nil.
func ErrorOf(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Code: CodeTimeout, Message: "it took too long: " + err.Error()}
	}
	return &Error{Code: CodeUnexpected, Message: err.Error()}
}

// status is the HTTP status for the error's code.
func (e *Error) status() int {
	switch e.Code {
	case CodeUsage:
		return http.StatusBadRequest
	case CodeNetwork:
		return http.StatusBadGateway
	case CodeTrust:
		return http.StatusForbidden
	case CodeQuota:
		return http.StatusTooManyRequests
	case CodeUnknown:
		return http.StatusNotFound
	case CodeNoDaemon:
		return http.StatusServiceUnavailable
	case CodeTimeout:
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}
