/** The cases every Service must pass; each room runs them on its own. */
import assert from 'node:assert/strict'
import { it } from 'vitest'
import { LifecycleError, type Service } from '../../src/kernel'

/** @param make a fresh service each time, with nothing to do. */
export function serviceContract(make: () => Service | Promise<Service>): void {
  it('goes from new to booted, serving, draining, stopped', async () => {
    const service = await make()
    assert.equal(service.phase, 'new')

    await service.boot()
    assert.equal(service.phase, 'booted')

    service.serve()
    assert.equal(service.phase, 'serving')

    const report = await service.drain(AbortSignal.timeout(5_000))
    assert.equal(service.phase, 'draining')
    assert.deepEqual(report.abandoned, [])

    await service.stop()
    assert.equal(service.phase, 'stopped')
  })

  it('can be stopped before it booted', async () => {
    const service = await make()

    await service.stop()

    assert.equal(service.phase, 'stopped')
  })

  it('refuses to boot after it stopped', async () => {
    const service = await make()
    await service.stop()

    await assert.rejects(service.boot(), (error) => error instanceof LifecycleError)
  })

  it('boots once for two callers', async () => {
    const service = await make()

    await Promise.all([service.boot(), service.boot()])

    assert.equal(service.phase, 'booted')
    await service.stop()
  })

  it('refuses to serve before it booted', async () => {
    const service = await make()

    assert.throws(
      () => service.serve(),
      (error) => error instanceof LifecycleError,
    )
    await service.stop()
  })

  it('stops once for two callers, also while it boots', async () => {
    const service = await make()
    const booting = service.boot()

    const first = service.stop()
    const second = service.stop()

    assert.equal(first, second)
    await Promise.all([booting, first])
    assert.equal(service.phase, 'stopped')
  })

  it('drains at once when the deadline has passed', async () => {
    const service = await make()
    await service.boot()
    service.serve()

    const report = await service.drain(AbortSignal.abort())

    assert.deepEqual(report.abandoned, [])
    await service.stop()
  })
}
