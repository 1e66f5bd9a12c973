#!/usr/bin/env bash
# Runs an Apache Kafka broker on this machine, for development and tests: one
# node, loopback only, no replication. It needs Java 17 and Maven.
#
#   broker.sh start [--port N] [--controller-port N] [--data DIR] [--set KEY=VALUE]...
#   broker.sh stop | status [--data DIR]
#
# start fetches what the broker consists of on first use, into a cache folder
# ($HALLEY_CACHE, else ~/.cache/halley), starts it, waits until it answers and
# prints its address. Starting it again with the same data goes on with them.
# --set adds a broker property, such as message.max.bytes=10000000.
# stop ends it and keeps its data.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${HALLEY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halley}
port=9092
controller=
data=$cache/devbroker-data
extra=()

fail() { echo "broker.sh: $*" >&2; exit 1; }
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }

[ $# -gt 0 ] || { usage >&2; exit 2; }
verb=$1
shift
while [ $# -gt 0 ]; do
  case $1 in
    --port|--controller-port|--data|--set) [ $# -gt 1 ] || fail "$1 needs a value" ;;
  esac
  case $1 in
    --port) port=$2; shift 2 ;;
    --controller-port) controller=$2; shift 2 ;;
    --data) data=$2; shift 2 ;;
    --set) extra+=("$2"); shift 2 ;;
    -h|--help) usage; exit 0 ;;
    *) fail "unknown argument $1; try broker.sh --help" ;;
  esac
done
controller=${controller:-$((port + 1))}
pidfile=$data/broker.pid
log=$data/broker.log

# running prints the pid of the broker with these data, if there is one. A pid
# that has gone to another process since does not count.
running() {
  local pid
  pid=$(cat "$pidfile" 2>/dev/null) || return 1
  kill -0 "$pid" 2>/dev/null || return 1
  tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$data/server.properties" ||
    ps -o command= -p "$pid" 2>/dev/null | grep -qF -- "$data/server.properties" || return 1
  echo "$pid"
}

version() { sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml"; }

# lock waits until no other broker.sh fetches. A lock whose owner has died does
# not count.
lock() {
  until mkdir "$1" 2>/dev/null; do
    sleep 0.5
    kill -0 "$(cat "$1/pid" 2>/dev/null)" 2>/dev/null || { sleep 1; [ -f "$1/pid" ] && kill -0 "$(cat "$1/pid")" 2>/dev/null || rm -rf "$1"; }
  done
  echo $$ >"$1/pid"
}

# fetch prints the folder with the broker's jars.
fetch() {
  local lib=$cache/kafka-$(version)
  if [ ! -f "$lib/complete" ]; then
    command -v mvn >/dev/null || fail "Maven is needed to fetch Kafka; install it, or put the jars into $lib and create $lib/complete"
    mkdir -p "$cache"
    lock "$lib.lock"
    trap 'rm -rf "'"$lib.lock"'"' EXIT
  fi
  if [ ! -f "$lib/complete" ]; then
    mkdir -p "$lib"
    echo "fetching Kafka $(version) ..." >&2
    mvn -B -q -Dstyle.color=never -f "$here/pom.xml" dependency:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$lib" >&2 || fail "fetching Kafka failed"
    touch "$lib/complete"
  fi
  echo "$lib"
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

start() {
  local pid lib properties pair
  if pid=$(running); then
    fail "a broker with these data runs already, pid $pid"
  fi
  command -v java >/dev/null || fail "Java 17 or newer is needed"
  answers && fail "something listens on port $port already; choose another one with --port"
  lib=$(fetch)
  mkdir -p "$data"
  properties=$data/server.properties
  {
    echo "process.roles=broker,controller"
    echo "node.id=1"
    echo "controller.quorum.voters=1@127.0.0.1:$controller"
    echo "listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller"
    echo "advertised.listeners=PLAINTEXT://127.0.0.1:$port"
    echo "controller.listener.names=CONTROLLER"
    echo "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
    echo "log.dirs=$data/logs"
    echo "offsets.topic.num.partitions=1"
    echo "offsets.topic.replication.factor=1"
    echo "transaction.state.log.num.partitions=1"
    echo "transaction.state.log.replication.factor=1"
    echo "transaction.state.log.min.isr=1"
    echo "group.initial.rebalance.delay.ms=0"
    echo "log.cleaner.backoff.ms=200"
    echo "log.cleaner.dedupe.buffer.size=4194304"
    for pair in ${extra[@]+"${extra[@]}"}; do echo "$pair"; done
  } >"$properties"
  local java=(java -Xms128m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto
    -Dlog4j2.configurationFile="$here/log4j2.properties" -cp "$lib/*")
  if [ ! -f "$data/logs/meta.properties" ]; then
    "${java[@]}" kafka.tools.StorageTool format --ignore-formatted \
      -t "$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d '=')" -c "$properties" >"$log" 2>&1 ||
      { cat "$log" >&2; fail "formatting the storage failed"; }
  fi
  # In a session of its own, so that an interrupt in the terminal does not stop it.
  "$(command -v setsid || command -v nohup)" "${java[@]}" kafka.Kafka "$properties" >>"$log" 2>&1 </dev/null &
  pid=$!
  echo "$pid" >"$pidfile"
  for _ in $(seq 600); do
    if answers; then
      echo "127.0.0.1:$port"
      return
    fi
    kill -0 "$pid" 2>/dev/null || { tail -20 "$log" >&2; fail "the broker ended; its log is $log"; }
    sleep 0.1
  done
  tail -20 "$log" >&2
  fail "the broker does not answer; its log is $log"
}

stop() {
  local pid
  pid=$(running) || { echo "not running"; rm -f "$pidfile"; return; }
  kill "$pid"
  for _ in $(seq 300); do
    kill -0 "$pid" 2>/dev/null || { rm -f "$pidfile"; echo "stopped"; return; }
    sleep 0.1
  done
  kill -9 "$pid"
  rm -f "$pidfile"
  echo "killed: it did not stop by itself"
}

case $verb in
  start) start ;;
  stop) stop ;;
  status)
    if pid=$(running); then
      echo "running, pid $pid, $(sed -n 's/^advertised.listeners=//p' "$data/server.properties")"
    else
      echo "not running"
      exit 1
    fi ;;
  -h|--help|help) usage ;;
  *) fail "unknown verb $verb; try broker.sh --help" ;;
esac
