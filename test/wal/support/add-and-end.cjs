/** Adds argv[3] to the log in argv[2] as a record nobody waits for, and ends as a script does: with nothing left to do. */
const { openLogWith } = require(`${process.env.RAGE_SOURCES}/wal/open.js`)

const [, , folder, text] = process.argv
const silent = { info() {}, warn() {}, error() {} }

async function main() {
  const log = await openLogWith({ folder, segmentBytes: 65_536, logger: silent }, { firstBytes: 16_384 })
  log.add({ type: 1, count: 0, time: 0, body: Buffer.from(text) }, 'none')
}

main()
