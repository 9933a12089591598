/**
 * Opens the log in argv[2] and adds `<argv[3]>-<n>` for ever with argv[4] callers; prints a line for each entry
 * that was acknowledged, and `ready <recovered>` first. Every third entry is settled, and printed as such
 * before that is asked for. Ends by being killed.
 */
const { writeSync } = require('node:fs')
const { openLogWith } = require(`${process.env.RAGE_SOURCES}/wal/open.js`)

const [, , folder, name, callers = '8'] = process.argv
const silent = { info() {}, warn() {}, error() {} }
// Straight to the pipe: what is printed must not be lost with the process.
const print = (line) => writeSync(1, `${line}\n`)

async function call(log, counter) {
  for (;;) {
    const n = counter.next++
    const { sequence, durable } = log.add(record(`${name}-${n}`), 'sync')
    await durable
    print(`added ${name}-${n}`)
    if (n % 3 !== 0) continue
    print(`settling ${name}-${n}`)
    log.settle(sequence, record(''), 'none')
  }
}

function record(text) {
  return { type: 1, count: 0, time: 0, body: Buffer.from(text) }
}

async function main() {
  const figures = { firstBytes: 16_384, reserveBytes: 1024, compactAboveBytes: 40_000 }
  const log = await openLogWith({ folder, segmentBytes: 16_384, logger: silent }, figures)
  let recovered = 0
  for await (const part of log.recovered) recovered += part.length
  print(`ready ${recovered}`)
  const counter = { next: 1 }
  for (let i = 0; i < Number(callers); i++) call(log, counter)
}

main()
