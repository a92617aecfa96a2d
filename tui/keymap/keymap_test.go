package keymap_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/charmbracelet/bubbles/key"

	"sunbeon/tui/keymap"
)

// bindings are all of a map, by name.
func bindings(m keymap.Map) map[string]key.Binding {
	out := map[string]key.Binding{}
	v := reflect.ValueOf(m)
	for i := range v.NumField() {
		out[v.Type().Field(i).Name] = v.Field(i).Interface().(key.Binding)
	}
	return out
}

func TestNoKeyMeansTwoThings(t *testing.T) {
	means := map[string]string{}
	for name, binding := range bindings(keymap.New()) {
		if len(binding.Keys()) == 0 {
			t.Errorf("%s has no key", name)
		}
		for _, k := range binding.Keys() {
			if other, taken := means[k]; taken {
				t.Errorf("%q means %s and %s", k, name, other)
			}
			means[k] = name
		}
	}
}

func TestTheHelpPageHasEveryKey(t *testing.T) {
	m := keymap.New()
	explained := map[string]bool{}
	for _, column := range m.FullHelp() {
		for _, binding := range column {
			explained[binding.Help().Key] = true
			if binding.Help().Desc == "" {
				t.Errorf("%q is not explained", binding.Help().Key)
			}
		}
	}
	for name, binding := range bindings(m) {
		if !explained[binding.Help().Key] {
			t.Errorf("%s is not on the help page", name)
		}
	}
}

func TestReadOnlyLeavesOnlyKeysThatLook(t *testing.T) {
	looks := []string{"Pages", "Next", "Up", "Down", "Open", "Back", "Command", "Filter", "Help", "Quit"}
	for name, binding := range bindings(keymap.New().ReadOnly()) {
		if looks := slices.Contains(looks, name); binding.Enabled() != looks {
			t.Errorf("%s is enabled: %v", name, binding.Enabled())
		}
	}
	for name, binding := range bindings(keymap.New()) {
		if !binding.Enabled() {
			t.Errorf("%s is off for operators", name)
		}
	}
}
