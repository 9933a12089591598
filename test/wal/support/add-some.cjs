/**
 * Opens the log in argv[2] with the given texts in it, prints `ready`, and stays until it is killed; adopts nothing
 * unless `--watch` comes first, and then prints `adopted <text>` for each entry.
 */
const { writeSync } = require('node:fs')
const { openLogWith } = require(`${process.env.RAGE_SOURCES}/wal/open.js`)

const [, , folder, ...rest] = process.argv
const watches = rest[0] === '--watch'
const texts = watches ? rest.slice(1) : rest
const silent = { info() {}, warn() {}, error() {} }
const print = (line) => writeSync(1, `${line}\n`)

async function main() {
  const log = await openLogWith({ folder, segmentBytes: 65_536, logger: silent }, { firstBytes: 16_384 })
  for (const text of texts)
    await log.add({ type: 1, count: 0, time: 0, body: Buffer.from(text) }, 'sync').durable
  if (watches)
    log.watch((entries) => {
      for (const { added } of entries) print(`adopted ${Buffer.from(added.body)}`)
    })
  print('ready')
  setInterval(() => undefined, 1_000)
}

main()
