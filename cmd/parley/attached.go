package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

const (
	maxFile     = 300 << 10 // bytes: more than fits a message; the wallet says what is too large
	maxFileName = 120       // bytes of a name that is saved
	maxSame     = 1000      // files of one name
)

func saveCommand(a *app) *cobra.Command {
	dir := "."
	cmd := &cobra.Command{
		Use:   "save ID",
		Short: "Save the files that came with a message",
		Long: "Saves the files that came with a message, read or not, under the names that their sender gave them as far " +
			"as those are safe. A file that is there already is never replaced: the new one gets a number.",
		Example: `parley save 6ZZXYWQ2JXH3VQ5MPL7AVXCGTA
parley save 6ZZXYWQ2JXH3VQ5MPL7AVXCGTA --dir ~/Downloads`,
		Args: takes("ID"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			if err := checkFolder(dir); err != nil {
				return err
			}
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error { return a.save(ctx, w, args[0], dir) })
		}),
	}
	cmd.Flags().StringVar(&dir, "dir", dir, "the folder `DIR` to save them in")
	return cmd
}

func (a *app) save(ctx context.Context, w control.Wallet, id, dir string) error {
	list, err := w.Receive(ctx, control.ReceiveRequest{ID: id, All: true})
	if err != nil {
		return err
	}
	if len(list) == 0 || id == "" {
		return &control.Error{Code: control.CodeUnknown, Message: fmt.Sprintf("no message %q was received", id), Hint: "see parley recv --ack manual"}
	}
	var paths []string
	for _, m := range list {
		saved, err := saveFiles(dir, m.Files)
		if paths = append(paths, saved...); err != nil {
			return err
		}
	}
	if len(paths) == 0 {
		return &control.Error{Code: control.CodeUnknown, Message: "no file that could be saved came with that message"}
	}
	var lines []line
	for _, path := range paths {
		lines = append(lines, line{"saved ", path})
	}
	return a.print.show(struct {
		V     int      `json:"v"`
		Saved []string `json:"saved"`
	}{control.Version, paths}, lines...)
}

// readFile reads a file to send.
func readFile(path string) (*control.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, badUsage("", "%v; nothing was sent", err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	n := filepath.Base(path)
	switch {
	case err != nil:
		return nil, badUsage("", "%v; nothing was sent", err)
	case len(data) > maxFile:
		return nil, &control.Error{Code: control.CodeQuota, Message: path + " is too large for a message, which has room for about 280 KiB; nothing was sent",
			Hint: "send it by other means, or in parts"}
	case len(data) == 0:
		return nil, badUsage("", "%s is empty; nothing was sent", path)
	case !utf8.ValidString(n):
		return nil, badUsage("rename it", "the name of the file is not UTF-8; nothing was sent")
	}
	media := mime.TypeByExtension(filepath.Ext(n))
	if media == "" {
		media = "application/octet-stream"
	}
	return &control.File{Name: n, MediaType: media, Size: int64(len(data)), Data: data}, nil
}

// fileParts names the files of a message, to stand behind its text.
func fileParts(files []control.File) (parts []any) {
	for _, f := range files {
		parts = append(parts, faint(" [file "+excerpt(safeName(f.Name), 60)+", "+size(f.Size)+"]"))
	}
	return parts
}

// checkFolder says if files cannot be saved in dir, before anything is shown; empty is fine.
func checkFolder(dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return badUsage("mkdir "+shellWord(dir), "there is no folder %s", dir)
	case err != nil:
		return badUsage("", "%v", err)
	case !info.IsDir():
		return badUsage("", "%s is no folder", dir)
	}
	return nil
}

// saveFiles saves the files that have their content with them and returns where. It never replaces one.
func saveFiles(dir string, files []control.File) (paths []string, err error) {
	for _, f := range files {
		if f.Data == nil {
			continue
		}
		path, err := saveFile(dir, f)
		if err != nil {
			return paths, fmt.Errorf("save %s: %w", safeName(f.Name), err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func saveFile(dir string, f control.File) (string, error) {
	n := safeName(f.Name)
	ext := filepath.Ext(n)
	for i := range maxSame {
		path := filepath.Join(dir, n)
		if i > 0 {
			path = filepath.Join(dir, fmt.Sprintf("%s-%d%s", strings.TrimSuffix(n, ext), i+1, ext))
		}
		err := place(path, false, func(w io.Writer) error { _, err := w.Write(f.Data); return err })
		if !errors.Is(err, fs.ErrExist) {
			return path, err
		}
	}
	return "", fmt.Errorf("there are %d files of that name", maxSame)
}

// safeName makes a file name of what somebody else says is one: it leads nowhere else, is neither hidden nor an
// option, and has no character that is not shown as it is.
func safeName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !shown(r) || strings.ContainsRune(`:*?"<>|`, r) {
			return '_'
		}
		return r
	}, s)
	s = strings.TrimRight(strings.TrimLeft(s, ".- "), ". ")
	if ext := filepath.Ext(s); len(s) > maxFileName {
		ext = ext[:min(len(ext), 16)]
		s = strings.ToValidUTF8(s[:maxFileName-len(ext)], "") + strings.ToValidUTF8(ext, "")
	}
	if s == "" {
		return "file"
	}
	return s
}
