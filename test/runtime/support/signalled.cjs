/** A process with one or two runtimes and, with `--own-listener` or `--own-once`, an app that handles SIGTERM itself. */
const { createRage, Task } = require('rage-js')

const [folder, ...flags] = process.argv.slice(2)
const say = (line) => process.stdout.write(`${line}\n`)

class Slow extends Task {
  async perform() {
    say('job started')
    await new Promise((resolve) => setTimeout(resolve, 300))
    say('job ended')
  }
}
class Endless extends Task {
  perform(_args, { signal }) {
    say('job started')
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
  }
}

const drainMs = flags.includes('--endless') ? 200 : 5_000
const rages = (flags.includes('--two') ? ['a', 'b'] : ['a']).map((name) =>
  createRage({ storage: `${folder}/${name}`, drainMs, deferred: { drainMs }, logger: { level: 'silent' } }),
)
if (flags.includes('--own-listener')) process.on('SIGTERM', () => say('own listener'))
if (flags.includes('--own-once')) process.once('SIGTERM', () => say('own listener'))
// Something that would keep the process alive for ever.
setInterval(() => undefined, 1_000)

async function main() {
  for (const rage of rages) rage.register(Slow, Endless)
  await Promise.all(rages.map((rage) => rage.boot()))
  const task = flags.includes('--endless') ? Endless : Slow
  await Promise.all(rages.map((rage) => rage.run(() => task.enqueue())))
}
main()
