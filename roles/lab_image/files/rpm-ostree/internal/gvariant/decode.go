// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Package gvariant decodes GLib's GVariant serialisation, the format of OSTree's metadata objects.
//
// Format: https://docs.gtk.org/glib/gvariant-specification-1.0.html, little endian.
package gvariant

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A decoded value is one of: bool, byte, int64, uint64, float64, string, []byte (ay), []any (an array or a tuple),
// Dict (an array of dict entries with string keys).

// Entry is one key of a Dict.
type Entry struct {
	Key   string
	Value any
}

// Dict keeps the order of its source.
type Dict []Entry

// Get returns the value of a key, or nil.
func (d Dict) Get(key string) any {
	for _, entry := range d {
		if entry.Key == key {
			return entry.Value
		}
	}
	return nil
}

// String returns the text of a key, or "" when it is absent or no text.
func (d Dict) String(key string) string {
	text, _ := d.Get(key).(string)
	return text
}

// Strings returns the texts of a key that holds an array of them.
func (d Dict) Strings(key string) []string {
	list, _ := d.Get(key).([]any)
	var texts []string
	for _, item := range list {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

var errShort = errors.New("gvariant: data and type do not fit")

// Decode reads a value of the given type, for example "a{sv}".
func Decode(signature string, data []byte) (any, error) {
	rest, err := skipType(signature)
	if err != nil {
		return nil, err
	}
	if rest != "" {
		return nil, fmt.Errorf("gvariant: %q is not one type", signature)
	}
	return decode(signature, data)
}

func decode(signature string, data []byte) (any, error) {
	if size := fixedSize(signature); size > 0 && len(data) != size {
		return nil, errShort
	}
	switch signature[0] {
	case 'b':
		return data[0] != 0, nil
	case 'y':
		return data[0], nil
	case 'n':
		return int64(int16(binary.LittleEndian.Uint16(data))), nil
	case 'q':
		return uint64(binary.LittleEndian.Uint16(data)), nil
	case 'i', 'h':
		return int64(int32(binary.LittleEndian.Uint32(data))), nil
	case 'u':
		return uint64(binary.LittleEndian.Uint32(data)), nil
	case 'x':
		return int64(binary.LittleEndian.Uint64(data)), nil
	case 't':
		return binary.LittleEndian.Uint64(data), nil
	case 'd':
		return math.Float64frombits(binary.LittleEndian.Uint64(data)), nil
	case 's', 'o', 'g':
		if len(data) == 0 || data[len(data)-1] != 0 {
			return nil, errShort
		}
		return string(data[:len(data)-1]), nil
	case 'v':
		return decodeVariant(data)
	case 'a':
		return decodeArray(signature[1:], data)
	case '(', '{':
		return decodeTuple(signature, data)
	}
	return nil, fmt.Errorf("gvariant: type %q is not supported", signature)
}

func decodeVariant(data []byte) (any, error) {
	for i := len(data) - 1; i >= 0; i-- {
		if data[i] == 0 {
			return Decode(string(data[i+1:]), data[:i])
		}
	}
	return nil, errShort
}

func decodeArray(element string, data []byte) (any, error) {
	if element == "y" {
		return data, nil
	}
	items := []any{}
	err := eachElement(element, data, func(part []byte) error {
		item, err := decode(element, part)
		items = append(items, item)
		return err
	})
	if err != nil || element[0] != '{' || element[1] != 's' {
		return items, err
	}
	dict := Dict{}
	for _, item := range items {
		pair := item.([]any)
		dict = append(dict, Entry{pair[0].(string), pair[1]})
	}
	return dict, nil
}

func eachElement(element string, data []byte, use func([]byte) error) error {
	if size := fixedSize(element); size > 0 {
		if len(data)%size != 0 {
			return errShort
		}
		for ; len(data) > 0; data = data[size:] {
			if err := use(data[:size]); err != nil {
				return err
			}
		}
		return nil
	}
	if len(data) == 0 {
		return nil
	}
	width := offsetWidth(len(data))
	table, ok := readOffset(data, len(data)-width, width)
	if !ok || (len(data)-table)%width != 0 {
		return errShort
	}
	start := 0
	for at := table; at < len(data); at += width {
		end, ok := readOffset(data, at, width)
		if !ok || start > end || end > table {
			return errShort
		}
		if err := use(data[start:end]); err != nil {
			return err
		}
		start = align(end, alignment(element))
	}
	return nil
}

func decodeTuple(signature string, data []byte) (any, error) {
	items := []any{}
	width := offsetWidth(len(data))
	offsets := len(data)
	position := 0
	for members := signature[1 : len(signature)-1]; members != ""; {
		rest, err := skipType(members)
		if err != nil {
			return nil, err
		}
		member := members[:len(members)-len(rest)]
		position = align(position, alignment(member))
		var end int
		switch size := fixedSize(member); {
		case size > 0:
			end = position + size
		case rest == "":
			end = offsets
		default:
			offsets -= width
			var ok bool
			if end, ok = readOffset(data, offsets, width); !ok {
				return nil, errShort
			}
		}
		if position > end || end > len(data) {
			return nil, errShort
		}
		item, err := decode(member, data[position:end])
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		position = end
		members = rest
	}
	return items, nil
}

func align(position, to int) int {
	return (position + to - 1) / to * to
}

// The width of a framing offset depends on the size of the whole container.
func offsetWidth(size int) int {
	switch {
	case size <= math.MaxUint8:
		return 1
	case size <= math.MaxUint16:
		return 2
	default:
		return 4
	}
}

func readOffset(data []byte, at, width int) (int, bool) {
	if at < 0 || at+width > len(data) {
		return 0, false
	}
	value := 0
	for i := width - 1; i >= 0; i-- {
		value = value<<8 | int(data[at+i])
	}
	return value, value <= len(data)
}
