/**
 * What it costs to be observable: hello-JSON through the mount in Express 5, and jobs from their enqueue to their end, in
 * requests and jobs per second of CPU.
 *
 * - `no_handler`, `no_handler_jobs`: nobody listens, against a build without the call sites: a copy of dist/ from which a
 *   small transform has taken them (support/strip-spans.mjs). Both share a process.
 * - `one_handler_and_metrics`, `one_handler_and_metrics_jobs`: one handler of every span, which awaits the end of each, and all
 *   metrics, against neither. In processes of their own: metrics watch the whole process.
 */
import { alternate, median, quantile } from './support/alternate.mjs'
import { startChild } from './support/child.mjs'
import { compareServers } from './support/compare-servers.mjs'
import { round } from './support/machine.mjs'
import { copyBuild, stripSpans } from './support/strip-spans.mjs'

const script = new URL('./servers/telemetry-app.mjs', import.meta.url)

const comparisons = {
  // A copy too: loaded in the same way.
  no_handler: { a: 'copy', b: 'stripped', together: true },
  one_handler_and_metrics: { a: 'observed', b: 'idle', together: false },
}

export default async function ({ quick, log }) {
  const stripped = stripSpans()
  const copy = copyBuild('copy')
  process.env.BENCH_BUILDS = JSON.stringify({ copy: copy.folder, stripped: stripped.folder })
  const ratios = {}
  const figures = { callSites: stripped.sites }
  try {
    for (const [key, sides] of Object.entries(comparisons)) {
      const requests = await compareServers(script, {
        ...sides,
        args: [],
        path: '/items/7',
        processes: quick ? 2 : 8,
        rounds: quick ? 2 : 10,
        requests: quick ? 500 : 3_000,
      })
      const jobs = await compareJobs(sides, quick)
      log(
        `${key}: requests ${requests.ratio} (noise ${requests.noise}), jobs ${jobs.ratio} (noise ${jobs.noise})`,
      )
      ratios[key] = requests.ratio
      ratios[`${key}_jobs`] = jobs.ratio
      const { a, b } = requests.cpuMicrosecondsPerRequest
      figures[key] = { [sides.a]: a, [sides.b]: b, unit: 'CPU µs/request', noise: requests.noise }
      figures[`${key}_jobs`] = { ...jobs.cpuMicroseconds, unit: 'CPU µs/job', noise: jobs.noise }
    }
  } finally {
    stripped.remove()
    copy.remove()
  }
  return { ratios, figures }
}

async function compareJobs({ a, b, together }, quick) {
  const measured = []
  for (let turn = 0; turn < (quick ? 2 : 8); turn++) {
    const order = turn % 2 === 0 ? [a, b] : [b, a]
    const children = []
    for (const variants of together ? [order] : order.map((variant) => [variant]))
      children.push(await startChild(script, { args: variants }))
    const childOf = (variant) => (together ? children[0] : children[order.indexOf(variant)])
    const total = quick ? 2_000 : 20_000
    const side = (variant) => () => childOf(variant).request('jobs', { variant, total })
    const sides = { a: side(a), b: side(b) }
    await alternate(2, sides)
    measured.push(await alternate(quick ? 2 : 8, sides))
    // Two spans for each job, or nothing was observed.
    if (a === 'observed' && (await childOf(a).request('heard', a)) < total * 2) throw new Error('unobserved')
    await Promise.all(children.map((child) => child.stop()))
  }
  const ratios = measured.map(({ ratio }) => ratio)
  return {
    ratio: round(median(ratios), 3),
    noise: round((quantile(ratios, 0.75) - quantile(ratios, 0.25)) / 2, 3),
    cpuMicroseconds: {
      [a]: round(1e6 / median(measured.map((each) => each.a)), 1),
      [b]: round(1e6 / median(measured.map((each) => each.b)), 1),
    },
  }
}
