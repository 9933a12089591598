/**
 * The long version of crash.test.ts: random kills under load, as many as asked for, on the built package.
 *
 *     node .ci/build.mjs
 *     node test/deferred/campaign.mjs --kills 1000 [--seconds 1800] [--durability sync|interval] [--seed 7] [--dist dist/src]
 *
 * Prints one JSON object; ends with code 1 when an acknowledged job was lost.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { killRounds } from './support/kill-rounds.mjs'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '1800' },
    durability: { type: 'string', default: 'sync' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    dist: { type: 'string', default: resolve(import.meta.dirname, '../../dist/src') },
  },
})

const result = await killRounds({
  kills: Number(values.kills),
  seconds: Number(values.seconds),
  durability: values.durability,
  seed: Number(values.seed),
  dist: resolve(values.dist),
  log: (line) => process.stderr.write(`${line}\n`),
})
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exitCode = result.lost.length === 0 ? 0 : 1
