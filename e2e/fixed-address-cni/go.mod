module knest.dev/e2e/fixed-address-cni

go 1.25.0
