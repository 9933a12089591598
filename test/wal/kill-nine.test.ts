import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Child, compiledSources } from './support/child'
import { recoverOnce, temporaryFolder, textsOf } from './support/temporary'

const sources = compiledSources()

describe('wal: kill -9 under load', () => {
  it('loses no acknowledged entry and brings none back twice, in 20 rounds on one folder', async () => {
    const folder = temporaryFolder()
    const added = new Set<string>()
    const settling = new Set<string>()

    for (let round = 0; round < 20; round++) {
      const child = new Child('add-forever.cjs', sources, [folder, `round${round}`])
      await child.line((line) => line === `added round${round}-${1 + 13 * round}`)
      await child.kill()
      for (const line of child.lines) {
        const [verb, name] = line.split(' ')
        if (verb === 'added') added.add(name!)
        else if (verb === 'settling') settling.add(name!)
      }
    }
    const found = textsOf(await recoverOnce(folder))

    const missing = [...added].filter((name) => !settling.has(name) && !found.includes(name))
    assert.deepEqual(missing, [])
    assert.equal(new Set(found).size, found.length)
    assert.ok(added.size > 20 * 13)
  }, 60_000)
})
