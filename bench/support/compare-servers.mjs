/** Compares two servers by the CPU time each spends per request, in turns, under the same load. */
import { alternate } from './alternate.mjs'
import { startChild } from './child.mjs'
import { load } from './load.mjs'
import { round } from './machine.mjs'

/**
 * Requests per second move with whatever else the machine does; the CPU time of the server per request
 * hardly does, and its inverse is the throughput of a busy server.
 *
 * @param {URL} script of the server
 * @param {{ a: string[], b: string[], path: string, rounds: number, requests: number }} plan
 * @returns ratio of throughput, a against b; CPU microseconds per request of both; noise
 */
export async function compareServers(script, { a, b, path, rounds, requests }) {
  const children = await Promise.all([startChild(script, { args: a }), startChild(script, { args: b })])
  try {
    const perCpuSecond = (child) => async () => {
      const { cpuSeconds } = await child.cpuDuring(() =>
        load({ url: `${child.url}${path}`, requests, connections: 32 }),
      )
      return requests / cpuSeconds
    }
    const [measureA, measureB] = children.map(perCpuSecond)
    // Both are compiled and warm before the first round that counts.
    await measureA()
    await measureB()
    const measured = await alternate(rounds, { a: measureA, b: measureB })
    return {
      ratio: round(measured.ratio, 3),
      noise: round(measured.noise, 3),
      cpuMicrosecondsPerRequest: { a: round(1e6 / measured.a, 1), b: round(1e6 / measured.b, 1) },
    }
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}
