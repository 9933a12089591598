/**
 * What must hold whatever happened: every acknowledged job ran, none before its time, no slot fired twice, and keys were
 * respected: no process accepted a job while it knew of an open one with that key, its own or one found at boot, and who
 * was answered with another's job was not answered with one that had ended.
 */

/** Times are read before an enqueue and inside perform, in whole milliseconds. */
const toleranceMs = 2
/** Between the end of perform and the moment from which its key is free. */
const endingMs = 100

/**
 * @param said    lines per process; `dead`: jobs kept as dead; `excused`: ids whose records were destroyed on purpose;
 *                `jumpers`: processes whose wall clock was set all the time.
 * @returns `{ acknowledged, ran, repeated, dead, recoveries, slots, refusals, medianRefusalMs, slowestRefusalMs, keyed,
 *          duplicates, acrossRestarts, excused, lost, early, doubled, together, swallowed }`; the last five list what broke
 *          a promise; `acrossRestarts` counts duplicates of jobs that were found at boot.
 */
export function judge({ said, dead, excused, jumpers }) {
  const due = new Map()
  const attempts = []
  const fired = new Map()
  const refusals = []
  const duplicates = []
  const overAt = new Map()
  let recoveries = 0
  for (const [process, lines] of said) {
    for (const line of lines) {
      const [word, first, second, third] = line.split(' ')
      if (word === 'ack') due.set(first, { at: Number(second), process })
      else if (word === 'ran') attempts.push({ id: first, attempt: second, at: Number(third), process })
      else if (word === 'fired') fired.set(first, [...(fired.get(first) ?? []), second])
      else if (word === 'recovered') recoveries += 1
      else if (word === 'refused') refusals.push(Number(first))
      else if (word === 'dup') duplicates.push({ id: first, asked: Number(third) })
      else if (word === 'over') overAt.set(first, Math.max(overAt.get(first) ?? 0, Number(second)))
    }
  }
  const ran = new Set(attempts.map(({ id }) => id))
  const kept = new Set(dead.map(({ id }) => id))
  const promised = [...due.keys(), ...[...fired.values()].flat()]
  const keys = keysOf(said)
  const swallowed = duplicates.filter(({ id, asked }) => !((overAt.get(id) ?? 0) > asked - endingMs))
  refusals.sort((a, b) => a - b)
  const unique = new Set(attempts.map(({ id, attempt }) => `${id} ${attempt}`))
  // Across processes a delay goes by their wall clocks, which those that jump do not have in common with anybody.
  const early = attempts.filter(({ id, at, process }) => {
    const one = due.get(id)
    if (one === undefined || at >= one.at - toleranceMs) return false
    return one.process === process || !(jumpers.has(process) || jumpers.has(one.process))
  })
  return {
    acknowledged: due.size,
    ran: ran.size,
    repeated: attempts.length - unique.size,
    dead: dead.length,
    recoveries,
    slots: fired.size,
    refusals: refusals.length,
    medianRefusalMs: refusals[refusals.length >> 1] ?? 0,
    slowestRefusalMs: refusals.at(-1) ?? 0,
    keyed: keys.accepted,
    duplicates: duplicates.length,
    acrossRestarts: keys.acrossRestarts,
    excused: promised.filter((id) => excused.has(id) && !ran.has(id) && !kept.has(id)).length,
    lost: promised.filter((id) => !ran.has(id) && !kept.has(id) && !excused.has(id)),
    early: early.map(({ id }) => id),
    together: keys.together,
    swallowed: swallowed.map(({ id }) => id).filter((id) => !excused.has(id) && !kept.has(id)),
    doubled: [...fired].filter(([, jobs]) => new Set(jobs).size > 1).map(([at]) => at),
  }
}

/**
 * What each process did with keys, by what it knew. It can know of two open jobs with one key, which two processes
 * accepted before one had the logs of both: the key is free when both are over.
 */
function keysOf(said) {
  const together = []
  let accepted = 0
  let acrossRestarts = 0
  for (const lines of said.values()) {
    const open = new Map()
    const keyOf = new Map()
    const found = new Set()
    const enter = (id, key) => {
      open.set(key, (open.get(key) ?? new Set()).add(id))
      keyOf.set(id, key)
    }
    for (const line of lines) {
      const words = line.split(' ')
      const [word, id] = words
      if (word === 'has') {
        enter(id, words[2])
        found.add(id)
      } else if (word === 'ack' && words[3] !== undefined) {
        accepted += 1
        if (open.get(words[3])?.size > 0) together.push(id)
        enter(id, words[3])
      } else if (word === 'over') open.get(keyOf.get(id))?.delete(id)
      else if (word === 'dup' && found.has(id)) acrossRestarts += 1
    }
  }
  return { together, accepted, acrossRestarts }
}
