/** What must hold whatever happened: every acknowledged job ran, none before its time, no slot fired twice. */

/** Times are read before an enqueue and inside perform, in whole milliseconds. */
const toleranceMs = 2

/**
 * @param said    lines per process; `dead`: jobs kept as dead; `excused`: ids whose records were destroyed on purpose;
 *                `jumpers`: processes whose wall clock was set all the time.
 * @returns `{ acknowledged, ran, repeated, dead, recoveries, slots, slowestRefusalMs, excused, lost, early, doubled }`;
 *          the last three list what broke a promise.
 */
export function judge({ said, dead, excused, jumpers }) {
  const due = new Map()
  const attempts = []
  const fired = new Map()
  let recoveries = 0
  let slowestRefusalMs = 0
  for (const [process, lines] of said) {
    for (const line of lines) {
      const [word, first, second, third] = line.split(' ')
      if (word === 'ack') due.set(first, { at: Number(second), process })
      else if (word === 'ran') attempts.push({ id: first, attempt: second, at: Number(third), process })
      else if (word === 'fired') fired.set(first, [...(fired.get(first) ?? []), second])
      else if (word === 'recovered') recoveries += 1
      else if (word === 'refused') slowestRefusalMs = Math.max(slowestRefusalMs, Number(first))
    }
  }
  const ran = new Set(attempts.map(({ id }) => id))
  const kept = new Set(dead.map(({ id }) => id))
  const promised = [...due.keys(), ...[...fired.values()].flat()]
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
    slowestRefusalMs,
    excused: promised.filter((id) => excused.has(id) && !ran.has(id) && !kept.has(id)).length,
    lost: promised.filter((id) => !ran.has(id) && !kept.has(id) && !excused.has(id)),
    early: early.map(({ id }) => id),
    doubled: [...fired].filter(([, jobs]) => new Set(jobs).size > 1).map(([at]) => at),
  }
}
