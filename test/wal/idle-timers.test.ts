import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Child, compiledSources } from './support/child'
import { recoverOnce, temporaryFolder, textsOf } from './support/temporary'

const sources = compiledSources()

describe('wal: a process that ends because nothing is left to do', () => {
  it('leaves no record behind that was still to be written', async () => {
    const folder = temporaryFolder()

    const child = new Child('add-and-end.cjs', sources, [folder, 'last'])
    await child.exited

    assert.equal(child.process.exitCode, 0)
    assert.deepEqual(textsOf(await recoverOnce(folder)), ['last'])
  }, 20_000)
})
