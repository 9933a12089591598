/** The child's half of child.mjs: says it is ready, answers the parent's questions, ends with the parent. */

/**
 * Call once, when the server listens.
 *
 * @param facts   sent to the parent: `{ port, ... }`; the parent finds it as `child.facts`.
 * @param answers functions the parent may call with `child.request(name, argument)`; may be asynchronous.
 */
export function ready(facts, answers = {}) {
  const all = { usage, ...answers }
  process.on('message', async ({ id, name, argument }) => {
    try {
      if (all[name] === undefined) throw new Error(`the child has no answer to "${name}"`)
      process.send({ id, value: (await all[name](argument)) ?? null })
    } catch (error) {
      process.send({ id, error: String(error?.stack ?? error) })
    }
  })
  // The parent died: nobody is left to stop this process.
  process.on('disconnect', () => process.exit(0))
  process.send({ ready: facts })
}

/** Listens on a free port of the loopback interface; resolves with the port. */
export function listen(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server.address().port))
  })
}

function usage() {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  return { cpuSeconds: (user + system) / 1e6, rssBytes: rss, heapBytes: heapUsed }
}
