package protocol

import "strconv"

// The lines of this file are about subscriptions ("Other Subscription-Related
// Notifications"). They are data notifications: counted for recovery. Items and
// fields count from 1.

// AppendSUBOK appends the notification that a subscription begins, in any mode
// but COMMAND. It comes before all others of the subscription.
func AppendSUBOK(dst []byte, sub, items, fields int) []byte {
	return appendNumbers(append(dst, "SUBOK,"...), sub, items, fields)
}

// AppendSUBCMD appends the notification that a COMMAND subscription begins, with
// the positions of the fields key and command.
func AppendSUBCMD(dst []byte, sub, items, fields, keyPos, cmdPos int) []byte {
	return appendNumbers(append(dst, "SUBCMD,"...), sub, items, fields, keyPos, cmdPos)
}

// AppendUNSUB appends the notification that a subscription has ended.
func AppendUNSUB(dst []byte, sub int) []byte {
	return appendNumbers(append(dst, "UNSUB,"...), sub)
}

// AppendEOS appends the end of the snapshot of an item. Official clients close
// the session if it comes in MERGE or RAW mode.
func AppendEOS(dst []byte, sub, item int) []byte {
	return appendNumbers(append(dst, "EOS,"...), sub, item)
}

// AppendCS appends the notification that an item has been emptied. The values
// that "unchanged" refers to remain. Official clients close the session if it
// comes in MERGE or RAW mode.
func AppendCS(dst []byte, sub, item int) []byte {
	return appendNumbers(append(dst, "CS,"...), sub, item)
}

// AppendOV appends the notification that updates of an item were lost.
func AppendOV(dst []byte, sub, item int, lost uint64) []byte {
	dst = strconv.AppendInt(append(dst, "OV,"...), int64(sub), 10)
	dst = strconv.AppendInt(append(dst, ','), int64(item), 10)
	dst = strconv.AppendUint(append(dst, ','), lost, 10)
	return append(dst, "\r\n"...)
}

// AppendCONF appends the frequency in force.
func AppendCONF(dst []byte, sub int, f Frequency) []byte {
	dst = strconv.AppendInt(append(dst, "CONF,"...), int64(sub), 10)
	dst = AppendFrequency(append(dst, ','), f)
	return append(dst, "\r\n"...)
}

// appendNumbers appends the arguments of a line that has only numbers.
func appendNumbers(dst []byte, numbers ...int) []byte {
	for _, n := range numbers {
		dst = append(strconv.AppendInt(dst, int64(n), 10), ',')
	}
	return append(dst[:len(dst)-1], "\r\n"...)
}
