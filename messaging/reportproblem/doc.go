// Package reportproblem is the report-problem 2.0 protocol (DIDComm v2.1, Problem Reports): one side tells the
// other that something went wrong.
//
// Reports come easily to go round in circles, so three things stand against that. A report is never answered: the
// handler leaves it to the user, and Answer makes none about a report, a receipt or an acknowledgement. A report
// is made to an authenticated sender alone. And messaging.Node limits how many go to one contact (see
// Node.Report).
//
// The text of a report is somebody else's: what shows it on a terminal has to escape control characters. The
// package must never act on a code.
package reportproblem
