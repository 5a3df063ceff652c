package messaging

import (
	"runtime"

	"golang.org/x/sync/errgroup"
)

// sideBySide calls do for 0 to n-1 on as many processors as there are, and returns when all calls have: it
// is for sealing and opening, which is where a node's time goes.
func sideBySide(n int, do func(i int)) {
	if n == 1 {
		do(0)
		return
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		g.Go(func() error {
			do(i)
			return nil
		})
	}
	_ = g.Wait()
}
