package machine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// openConsole is the machine's serial console: all it says is kept for the console's log.
func openConsole() (*os.File, error) {
	return os.OpenFile(consoleFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

// ShowConsole copies the console to standard output, and follows it for ever.
func ShowConsole() error {
	var file *os.File
	for file == nil {
		opened, err := os.Open(consoleFile)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if file = opened; file == nil {
			time.Sleep(100 * time.Millisecond)
		}
	}
	for {
		if _, err := io.Copy(os.Stdout, file); err != nil {
			return fmt.Errorf("console: %w", err)
		}
		// There is nothing to wait for: a file on a volume has no reader's end.
		time.Sleep(200 * time.Millisecond)
	}
}

// lastWords is the end of what the console has.
func lastWords() string {
	content, err := os.ReadFile(consoleFile)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-500):])
}
