/**
 * The fault campaign, as long as asked for, on the built package:
 *
 *     npm run campaign:deferred -- --kills 1000 [--seconds 3600] [--seed 7] [--faults flippedBit,fullDisk] [--dist dist/src]
 *
 * Prints one JSON object; ends with code 1 when a promise was broken.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { allFaults, faultRounds } from './support/fault-rounds.mjs'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '36000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    faults: { type: 'string', default: allFaults.join(',') },
    dist: { type: 'string', default: resolve(import.meta.dirname, '../../dist/src') },
  },
})

const result = await faultRounds({
  kills: Number(values.kills),
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  faults: values.faults.split(',').filter((fault) => fault !== ''),
  dist: resolve(values.dist),
  log: (line) => process.stderr.write(`${line}\n`),
})
process.stdout.write(`${JSON.stringify(result)}\n`)
const { lost, early, doubled, together, swallowed } = result
process.exitCode = [lost, early, doubled, together, swallowed].every(({ length }) => length === 0) ? 0 : 1
