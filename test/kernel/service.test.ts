import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { createService } from '../../src/kernel'
import { serviceContract } from './service-contract'

describe('kernel: a service without steps', () => {
  serviceContract(() => createService('empty', {}))
})

describe('kernel: a service', () => {
  it('releases what a failed boot acquired', async () => {
    const released: string[] = []
    const service = createService('half', {
      boot: () => Promise.reject(new Error('no disk')),
      stop: () => void released.push('stop'),
    })

    await assert.rejects(service.boot(), /no disk/)
    await service.stop()

    assert.deepEqual(released, ['stop'])
  })

  it('is released when it never booted: its constructor may have acquired too', async () => {
    const released: string[] = []
    const service = createService('untouched', { stop: () => void released.push('stop') })

    await service.stop()
    await service.stop()

    assert.deepEqual(released, ['stop'])
  })
})
