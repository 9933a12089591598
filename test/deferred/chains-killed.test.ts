import assert from 'node:assert/strict'
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, it, onTestFinished } from 'vitest'

const root = join(__dirname, '../..')
const child = join(__dirname, 'support/chain-child.mjs')

// The processes that are killed run the built package; this does nothing when it is fresh.
beforeAll(() => {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { stdio: 'ignore' })
}, 120_000)

describe('deferred: chains and batches of a process that is killed again and again', () => {
  it('are gone through to their end, in their order, and nothing follows before its time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rage-chains-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    for (let round = 1; round <= 12; round++) {
      const victim = start(folder, round, 200)
      await Promise.race([once(victim, 'message'), once(victim, 'exit')])
      await new Promise((resolve) => setTimeout(resolve, (round % 6) * 25))
      victim.kill('SIGKILL')
      if (victim.signalCode === null) await once(victim, 'exit')
      assert.equal(victim.signalCode, 'SIGKILL')
    }
    const last = start(folder, 99, 0)
    assert.deepEqual(await once(last, 'exit'), [0, null])

    const lines = linesIn(folder)
    const ran = new Map<string, string[]>()
    const finished = new Map<string, number>()
    for (const [index, line] of lines.entries()) {
      const [word, name, ...rest] = line.split(' ')
      if (word === 'ran') ran.set(name!, [...(ran.get(name!) ?? []), rest[0]!])
      if (word !== 'finish') continue
      const [done, dead] = rest.map(Number)
      finished.set(name!, done! + dead!)
      const members = lines.slice(0, index).filter((before) => before.startsWith(`ran ${name} `))
      assert.ok(new Set(members).size >= done!, `${name}: ${done} done, after ${members.join()}`)
    }
    const promised = lines
      .map((line) => line.split(' '))
      .filter(([word]) => word === 'chain' || word === 'batch')
    assert.ok(promised.length > 20, `${promised.length} promises`)
    for (const [word, name] of promised) {
      // A step may run again, after those before it.
      const steps = ran.get(name!) ?? []
      assert.deepEqual([...new Set(steps)].sort(), ['1', '2', '3'], `${word} ${name}: ${steps.join()}`)
      if (word === 'chain') assert.deepEqual(steps, steps.toSorted(), `${name}: ${steps.join()}`)
      else assert.equal(finished.get(name!), 3, name)
    }
  }, 90_000)
})

/** A file for each process: a kill can tear the last line, and the next process must not write behind it. */
function start(folder: string, round: number, most: number) {
  const file = join(folder, `said-${String(round).padStart(3, '0')}`)
  const args = [join(root, 'dist/src'), join(folder, 'storage'), file, String(most)]
  return fork(child, args, { stdio: ['ignore', 2, 2, 'ipc'] })
}

/** What was said, in the order it was. */
function linesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('said-'))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1))
}
