import assert from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { addAcceptQueueMetrics, Metrics } from '../../../src/telemetry'
import { listeningSockets } from '../../../src/telemetry/metrics/accept-queue'

const isLinux = existsSync('/proc/net/tcp')

const connectThrice = `
  const { connect } = require('node:net')
  for (let n = 0; n < 3; n++) connect(Number(process.argv[1]), '127.0.0.1').on('error', () => {})
  process.stdin.on('end', () => process.exit()).resume()
`

describe.runIf(isLinux)('metrics: the accept queue', () => {
  it('is as long as connections wait in the kernel', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const metrics = new Metrics({ maxLabelSets: 10 })
    addAcceptQueueMetrics(metrics, () => [port])
    const before = metrics.collect()[0]!.samples
    // Another process connects while this one's event loop stands still, which takes no connection before it goes on.
    const client = spawn(process.execPath, ['-e', connectThrice, String(port)])
    const until = performance.now() + 5_000
    let during = metrics.collect()[0]!.samples
    while ((during[0] as { value: number }).value < 3 && performance.now() < until)
      during = metrics.collect()[0]!.samples
    client.stdin.end()
    await once(client, 'exit')
    await new Promise((resolve) => server.close(resolve))

    assert.deepEqual(before, [{ labels: { port: String(port) }, value: 0 }])
    assert.deepEqual(during, [{ labels: { port: String(port) }, value: 3 }])
  })

  it('has no samples while the process listens nowhere', () => {
    const metrics = new Metrics({ maxLabelSets: 10 })
    addAcceptQueueMetrics(metrics, () => [])

    assert.deepEqual(metrics.collect()[0]!.samples, [])
  })

  it('is read only as far as listening sockets go', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rage-tcp-'))
    const file = join(folder, 'tcp')
    const line = (index: number, port: string, state: string, queue: string): string =>
      `   ${index}: 0100007F:${port} 00000000:0000 ${state} 00000000:${queue} 00:00000000 00000000   0 0 7186 1 0 100 0 0 10 0`
    const listening = Array.from({ length: 300 }, (_, n) =>
      line(n, (8_000 + n).toString(16), '0A', '0000000B'),
    )
    writeFileSync(
      file,
      ['  sl  local_address rem_address', ...listening, line(300, '1F90', '01', '00000005'), 'nonsense'].join(
        '\n',
      ),
    )

    const sockets = [...listeningSockets(file)]
    const none = [...listeningSockets(join(folder, 'missing'))]
    rmSync(folder, { recursive: true })

    assert.equal(sockets.length, 300)
    assert.deepEqual(
      [sockets[0], sockets[299]],
      [
        { port: 8_000, waiting: 11 },
        { port: 8_299, waiting: 11 },
      ],
    )
    assert.deepEqual(none, [])
  })
})
