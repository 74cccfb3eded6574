module knest.dev/images/node/init

go 1.25.0
