// Package settings reads a configuration into a struct, in layers: the struct's
// own values are the defaults, then come a YAML file, environment variables and
// flags. It finds all faults in one go and says of each where it is, what is
// wrong and what would be right.
//
// The struct says what there is. A field is known by the name in its yaml tag;
// more tags refine it:
//
//	doc:"what it is for"        the comment in the sample
//	min:"1" max:"64"            bounds of numbers, durations and sizes
//	oneof:"auto|json|text"      the words allowed
//	unit:"bytes"                an integer written as 64KiB
//	secret:"true"               masked when printed; may be ${NAME} or file:PATH; of a
//	                            map, each value
//	secret:"value"              the same for what stands behind the = of NAME=value
//
// Structs nest; lists and maps are replaced as a whole by a higher layer. A
// mapping whose keys depend on its type is a Variant. Structs with a method
// Validate() error take part in the check: each error joined into its result is
// placed by the field names it starts with, as in "keepalive.min: is above max".
//
// The package does not read flags, the process's environment or the
// configuration file itself; it is given them.
package settings
