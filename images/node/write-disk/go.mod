module knest.dev/images/node/write-disk

go 1.25.0

require github.com/klauspost/compress v1.18.0
