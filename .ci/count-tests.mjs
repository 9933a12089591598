/**
 * Prints "N passed, N failed, N skipped" over the summaries of vitest and mocha in the log of `npm test`.
 *
 *     node .ci/count-tests.mjs LOG FAILED_STEPS
 *
 * A failed step counts as one failure, unless failed tests are the reason the test step failed. Exits with 1 when a
 * runner left no summary: tests that did not run have not passed.
 */
import { existsSync, readFileSync } from 'node:fs'

const [log, failedSteps] = process.argv.slice(2)
const text = existsSync(log) ? readFileSync(log, 'utf8') : ''
const summary = text.match(/^\s*Tests\s+(.*)\(\d+\)\s*$/m)
const vitest = summary?.[1] ?? null
// Only after the summary of vitest: its tests run mocha too, and show what it printed when they fail.
const afterVitest = summary === null ? '' : text.slice(summary.index)
const mocha = /^\s*\d+ passing/m.test(afterVitest) ? afterVitest : null

const count = (output, pattern) =>
  [...(output ?? '').matchAll(pattern)].reduce((sum, [, number]) => sum + Number(number), 0)
const passed = count(vitest, /(\d+) passed/g) + count(mocha, /^\s*(\d+) passing/gm)
const failed = count(vitest, /(\d+) failed/g) + count(mocha, /^\s*(\d+) failing/gm)
const skipped =
  count(vitest, /(\d+) skipped/g) + count(vitest, /(\d+) todo/g) + count(mocha, /^\s*(\d+) pending/gm)

const incomplete = vitest === null || mocha === null
if (incomplete) console.log('not every test runner got as far as a summary')
const others = Math.max(Number(failedSteps) - (failed > 0 ? 1 : 0), incomplete ? 1 : 0)
console.log(`${passed} passed, ${failed + others} failed, ${skipped} skipped`)
process.exit(failed + others === 0 ? 0 : 1)
