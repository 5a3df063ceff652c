package control

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

var durationType = reflect.TypeFor[time.Duration]()

// encodeQuery writes a request, a flat struct of strings, booleans, integers and durations, as the
// query of a GET. Zero fields are left out.
func encodeQuery(request any) url.Values {
	q := url.Values{}
	v := reflect.ValueOf(request)
	for i := range v.NumField() {
		f := v.Field(i)
		if f.IsZero() {
			continue
		}
		if f.Type() == durationType {
			q.Set(queryName(v.Type().Field(i)), time.Duration(f.Int()).String())
			continue
		}
		q.Set(queryName(v.Type().Field(i)), fmt.Sprint(f.Interface()))
	}
	return q
}

// decodeQuery reads what encodeQuery wrote into request, a pointer to the struct. It refuses
// parameters that are unknown, repeated or malformed.
func decodeQuery(q url.Values, request any) error {
	v := reflect.ValueOf(request).Elem()
	fields := make(map[string]reflect.Value, v.NumField())
	for i := range v.NumField() {
		fields[queryName(v.Type().Field(i))] = v.Field(i)
	}
	for name, values := range q {
		f, ok := fields[name]
		if !ok {
			return fmt.Errorf("unknown parameter %q", name)
		}
		if len(values) != 1 {
			return fmt.Errorf("parameter %q is given %d times", name, len(values))
		}
		if err := setField(f, values[0]); err != nil {
			return fmt.Errorf("parameter %q: %w", name, err)
		}
	}
	return nil
}

func queryName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func setField(f reflect.Value, s string) error {
	switch {
	case f.Type() == durationType:
		d, err := time.ParseDuration(s)
		f.SetInt(int64(d))
		return err
	case f.Kind() == reflect.String:
		f.SetString(s)
		return nil
	case f.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(s)
		f.SetBool(b)
		return err
	case f.CanInt():
		n, err := strconv.ParseInt(s, 10, f.Type().Bits())
		f.SetInt(n)
		return err
	}
	return fmt.Errorf("a %s cannot stand in a query", f.Type())
}
