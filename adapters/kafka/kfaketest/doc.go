// Package kfaketest tests the Kafka adapter against kfake, a Kafka cluster in
// process with several brokers. It is a module of its own, so that the server does
// not depend on franz-go, which kfake is part of.
package kfaketest
