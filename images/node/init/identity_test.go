package main

import "testing"

func TestHostsFile(t *testing.T) {
	const base = "127.0.0.1 localhost\n"
	section := func(lines string) string { return hostsBegin + "\n" + lines + hostsEnd + "\n" }
	cases := map[string]struct {
		current, ip string
		further     []string
		want        string
	}{
		"the node's own line":       {base, "192.0.2.1", nil, base + section("192.0.2.1 demo-cp-0\n")},
		"no address":                {base, "", nil, base},
		"no file":                   {"", "192.0.2.1", nil, section("192.0.2.1 demo-cp-0\n")},
		"named already":             {base + "192.0.2.9 demo-cp-0\n", "192.0.2.1", nil, base + "192.0.2.9 demo-cp-0\n"},
		"named in a comment only":   {"# demo-cp-0\n", "192.0.2.1", nil, "# demo-cp-0\n" + section("192.0.2.1 demo-cp-0\n")},
		"a longer name is not ours": {"192.0.2.9 demo-cp-0-0\n", "192.0.2.1", nil, "192.0.2.9 demo-cp-0-0\n" + section("192.0.2.1 demo-cp-0\n")},
		"further lines":             {base, "192.0.2.1", []string{"10.0.0.1 api"}, base + section("192.0.2.1 demo-cp-0\n10.0.0.1 api\n")},
		"a further line names it":   {base, "192.0.2.1", []string{"10.0.0.1 demo-cp-0"}, base + section("10.0.0.1 demo-cp-0\n")},
		"an earlier start's lines": {base + section("192.0.2.7 demo-cp-0\n10.0.0.7 api\n") + "10.1.1.1 mine\n", "192.0.2.1", []string{"10.0.0.1 api"},
			base + "10.1.1.1 mine\n" + section("192.0.2.1 demo-cp-0\n10.0.0.1 api\n")},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			got := hostsFile(test.current, test.ip, "demo-cp-0", test.further)
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if again := hostsFile(got, test.ip, "demo-cp-0", test.further); again != got {
				t.Errorf("a second run changed %q to %q", got, again)
			}
		})
	}
}
