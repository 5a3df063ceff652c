package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"sync/atomic"

	"github.com/mattn/go-sqlite3"
	"github.com/parley-im/parley/inbox"
)

// Bounds of a chunk, and of how many are opened while the next one is read. So a query over everything
// holds a few megabytes at a time, and uses a core for reading and the others for opening.
const (
	firstChunk = 32 // rows; who wants ten rows should not pay for hundreds
	maxChunk   = 256
	chunkBytes = 1 << 20
	maxFlying  = 3
)

// scan reads the rows of one query in their order, opens them by many goroutines at once, and keeps
// that order.
type scan[T any] struct {
	query string
	args  []driver.Value // int64 and []byte
	limit int            // of what is found
	// open opens a row; false passes over it. It is called by many goroutines at once, buf is its own.
	open func(row []driver.Value, buf *buffers) (T, bool)
	size func(T) int // of the payload
}

// buffers are used again for each row of a chunk: most rows of a large scan do not match.
type buffers struct {
	text    []byte
	binding binding
}

// number and blob return a value of a row; what is missing is 0 or nil, and will not open.
func number(v driver.Value) int64 { n, _ := v.(int64); return n }
func blob(v driver.Value) []byte  { b, _ := v.([]byte); return b }

// chunk is some rows of a query, one behind the other.
type chunk struct {
	values []driver.Value
	width  int
}

func (c chunk) len() int { return len(c.values) / c.width }

func (c chunk) row(i int) []driver.Value { return c.values[i*c.width : (i+1)*c.width] }

// collect returns what the rows hold, up to the limits of a result, and the last row that was read.
func (sc *scan[T]) collect(ctx context.Context, s session) (list []T, last []driver.Value, err error) {
	total := 0
	take := func(found []T) (more bool) {
		for _, row := range found {
			if total += sc.size(row); total > inbox.MaxResult && len(list) > 0 {
				return false
			}
			if list = append(list, row); len(list) == sc.limit {
				return false
			}
		}
		return true
	}
	err = s.stream(sc.query, sc.args, min(sc.limit, firstChunk), func(r *rowReader) error {
		err := sc.fly(ctx, r, take)
		last = r.last
		return err
	})
	return list, last, err
}

// fly gives take what is found, in order, until that wants no more. It returns when no goroutine of
// its own is left.
func (sc *scan[T]) fly(ctx context.Context, r *rowReader, take func([]T) bool) error {
	var landed atomic.Bool
	var flying []chan []T
	defer func() {
		landed.Store(true)
		for _, f := range flying {
			<-f
		}
	}()
	for more := true; more || len(flying) > 0; {
		if more {
			if err := ctx.Err(); err != nil {
				return err
			}
			c, err := r.chunk()
			if err != nil {
				return err
			}
			more = c.len() > 0 && !r.ended
			if !more && len(flying) == 0 {
				take(sc.openAll(c, &landed))
				return nil
			}
			f := make(chan []T, 1)
			flying = append(flying, f)
			go func() { f <- sc.openAll(c, &landed) }()
		}
		for len(flying) > maxFlying || !more && len(flying) > 0 {
			found := <-flying[0]
			if flying = flying[1:]; !take(found) {
				return nil
			}
		}
	}
	return nil
}

func (sc *scan[T]) openAll(c chunk, landed *atomic.Bool) (found []T) {
	var buf buffers
	for i := range c.len() {
		if landed.Load() {
			return nil
		}
		if row, ok := sc.open(c.row(i), &buf); ok {
			found = append(found, row)
		}
	}
	return found
}

// rowReader reads the rows of a query.
type rowReader struct {
	rows  driver.Rows
	width int
	size  int // of the next chunk
	ended bool
	last  []driver.Value
}

// stream runs a query on the driver itself: package sql would copy each value once more. fn must not
// use the session.
func (s session) stream(query string, args []driver.Value, first int, fn func(r *rowReader) error) error {
	err := s.conn.Raw(func(conn any) error {
		rows, err := conn.(*sqlite3.SQLiteConn).Query(query, args)
		if err != nil {
			return err
		}
		err = fn(&rowReader{rows: rows, width: len(rows.Columns()), size: first})
		return errors.Join(err, rows.Close())
	})
	return explain(err)
}

// chunk reads the next rows; none or fewer than could be at the end.
func (r *rowReader) chunk() (chunk, error) {
	c := chunk{values: make([]driver.Value, 0, r.size*r.width), width: r.width}
	for bytes := 0; c.len() < r.size && bytes < chunkBytes; {
		row := c.values[len(c.values) : len(c.values)+r.width]
		err := r.rows.Next(row)
		if errors.Is(err, io.EOF) {
			r.ended = true
			break
		}
		if err != nil {
			return chunk{}, err
		}
		c.values, r.last = c.values[:len(c.values)+r.width], row
		for _, v := range row {
			if b, ok := v.([]byte); ok {
				bytes += len(b)
			}
		}
	}
	r.size = min(2*r.size, maxChunk)
	return c, nil
}
