package sqlite

import (
	"math"
	"time"
)

// Times in columns are microseconds since 1970. atOnce stands for the zero time.
const (
	atOnce = 0
	never  = math.MaxInt64
)

// micros returns the time for a column. Times that no column can hold become the nearest that can.
func micros(t time.Time) int64 {
	const most = math.MaxInt64 / 1_000_000
	switch sec := t.Unix(); {
	case t.IsZero():
		return atOnce
	case sec >= most:
		return never - 1
	case sec <= -most:
		return math.MinInt64
	}
	return t.UnixMicro()
}

// fromMicros is the inverse of micros.
func fromMicros(n int64) time.Time {
	if n == atOnce {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
