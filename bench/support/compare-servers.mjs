/** Compares two variants of a server by the CPU time each spends per request, in turns, under the same load. */
import { alternate, median, quantile } from './alternate.mjs'
import { startChild } from './child.mjs'
import { load } from './load.mjs'
import { round } from './machine.mjs'
import { pinLoad, pinServer } from './pin.mjs'

/**
 * Requests per second move with whatever else the machine does; the CPU time of the server per request
 * hardly does, and its inverse is the throughput of a busy server.
 *
 * Two processes of the same program differ by some 5 % for as long as they live (what was compiled when,
 * where things lie in memory). Variants that do not influence each other therefore share a process
 * (`together`); in any case several (pairs of) processes are measured, best an even number, and the median counts.
 *
 * @param {URL} script of the server; its last arguments are variants, and it answers `ports`, one for each
 * @param {{ args: string[], a: string, b: string, together?: boolean, path: string, body?: object, processes: number, rounds: number, requests: number }} plan
 *        `body`: sent as JSON with POST; else it is GET
 * @returns ratio of throughput, a against b; CPU microseconds per request of both; noise over the processes
 */
export async function compareServers(script, plan) {
  pinLoad()
  const measured = []
  for (let turn = 0; turn < plan.processes; turn++) {
    // Who comes first pays up to 2 % for it, even against itself: roles alternate.
    if (turn % 2 === 0) measured.push(await compareOnce(script, plan))
    else measured.push(swapped(await compareOnce(script, { ...plan, a: plan.b, b: plan.a })))
  }
  const ratios = measured.map(({ ratio }) => ratio)
  return {
    ratio: round(median(ratios), 3),
    noise: round((quantile(ratios, 0.75) - quantile(ratios, 0.25)) / 2, 3),
    cpuMicrosecondsPerRequest: {
      a: round(1e6 / median(measured.map(({ a }) => a)), 1),
      b: round(1e6 / median(measured.map(({ b }) => b)), 1),
    },
  }
}

function swapped({ a, b, ratio }) {
  return { a: b, b: a, ratio: 1 / ratio }
}

async function compareOnce(script, { args, a, b, together = false, path, body, rounds, requests }) {
  const sent = body === undefined ? null : { method: 'POST', body }
  const order = [a, b]
  const children = []
  for (const variants of together ? [order] : order.map((variant) => [variant])) {
    children.push(await startChild(script, { args: [...args, ...variants] }))
  }
  for (const { pid } of children) pinServer(pid)
  try {
    const perCpuSecond = (variant) => {
      const child = together ? children[0] : children[order.indexOf(variant)]
      const port = together ? child.facts.ports[order.indexOf(variant)] : child.port
      const url = `http://127.0.0.1:${port}${path}`
      return async () => {
        const { cpuSeconds } = await child.cpuDuring(() =>
          load({ url, ...sent, requests, connections: 32, warmupMs: 0 }),
        )
        return requests / cpuSeconds
      }
    }
    const sides = { a: perCpuSecond(a), b: perCpuSecond(b) }
    // Compiled and warm before the first round that counts.
    await alternate(2, sides)
    return await alternate(rounds, sides)
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}
