package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"
)

// realSchemas has the resource definitions of a real KubeVirt. They are no part of the project.
const realSchemas = "../../../shared/data/crds/kubevirt"

// schema is what of an OpenAPI schema decides which objects are admitted.
type schema struct {
	Type                 string             `json:"type"`
	Format               string             `json:"format"`
	Required             []string           `json:"required"`
	Enum                 []any              `json:"enum"`
	Properties           map[string]*schema `json:"properties"`
	Items                *schema            `json:"items"`
	AdditionalProperties *schema            `json:"additionalProperties"`
	IntOrString          bool               `json:"x-kubernetes-int-or-string"`
	Open                 bool               `json:"x-kubernetes-preserve-unknown-fields"`
}

type definition struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Names    any `json:"names"`
		Versions []struct {
			Name         string         `json:"name"`
			Storage      bool           `json:"storage"`
			Subresources map[string]any `json:"subresources"`
			Schema       struct {
				OpenAPI *schema `json:"openAPIV3Schema"`
			} `json:"schema"`
		} `json:"versions"`
	} `json:"spec"`
}

// TestAdmitsNothingThatKubeVirtRefuses: every field here is one there, of the same type, and what is required
// there is required here.
func TestAdmitsNothingThatKubeVirtRefuses(t *testing.T) {
	if _, err := os.Stat(realSchemas); err != nil {
		t.Skip("KubeVirt's resource definitions are not in ../shared/data/crds/kubevirt")
	}
	content, err := os.ReadFile("deploy/crds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var own struct{ Items []definition }
	if err := yaml.Unmarshal(content, &own); err != nil {
		t.Fatal(err)
	}
	if len(own.Items) != 3 {
		t.Fatalf("%d definitions", len(own.Items))
	}
	for _, mine := range own.Items {
		name := mine.Metadata.Name[:len(mine.Metadata.Name)-len(".kubevirt.io")]
		content, err := os.ReadFile(filepath.Join(realSchemas, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var theirs definition
		if err := json.Unmarshal(content, &theirs); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(mine.Spec.Names) != fmt.Sprint(theirs.Spec.Names) {
			t.Errorf("%s: names are %v, and there %v", name, mine.Spec.Names, theirs.Spec.Names)
		}
		for _, version := range theirs.Spec.Versions {
			if version.Storage {
				ours := mine.Spec.Versions[0]
				if ours.Name != version.Name || len(ours.Subresources) != len(version.Subresources) {
					t.Errorf("%s: %s with subresources %v, and there %s with %v", name, ours.Name, ours.Subresources, version.Name, version.Subresources)
				}
				compare(t, name, ours.Schema.OpenAPI, version.Schema.OpenAPI)
			}
		}
	}
}

func compare(t *testing.T, path string, mine, theirs *schema) {
	t.Helper()
	if theirs.Open && len(theirs.Properties) == 0 {
		return
	}
	if mine.Type != theirs.Type || mine.IntOrString != theirs.IntOrString || mine.Format != theirs.Format && theirs.Format != "" {
		t.Errorf("%s is %s %s, and there %s %s", path, mine.Type, mine.Format, theirs.Type, theirs.Format)
	}
	for _, name := range theirs.Required {
		// An object whose fields are left open here is checked by whoever takes it.
		if !slices.Contains(mine.Required, name) && !mine.Open {
			t.Errorf("%s: %s is required there", path, name)
		}
	}
	for name, property := range mine.Properties {
		if theirs.Properties[name] == nil {
			t.Errorf("%s.%s is not there", path, name)
			continue
		}
		compare(t, path+"."+name, property, theirs.Properties[name])
	}
	for _, nested := range []struct {
		name         string
		mine, theirs *schema
	}{{"[]", mine.Items, theirs.Items}, {"{}", mine.AdditionalProperties, theirs.AdditionalProperties}} {
		if nested.mine == nil {
			continue
		}
		if nested.theirs == nil {
			t.Errorf("%s%s is not there", path, nested.name)
			continue
		}
		compare(t, path+nested.name, nested.mine, nested.theirs)
	}
}
