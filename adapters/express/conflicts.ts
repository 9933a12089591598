/** Finds two mounts of one app that own the same route; asked at each mount and again when routes are final. */
import type { HostedApplication } from '../../src/runtime'
import { MountConflictError } from './errors'

interface Mounted {
  readonly path: string
  readonly app: HostedApplication
}

const mounts = new WeakMap<object, Mounted[]>()

/** @throws MountConflictError */
export function refuseConflicts(
  parent: object,
  mountpath: string | readonly string[],
  app: HostedApplication,
): void {
  let siblings = mounts.get(parent)
  if (siblings === undefined) mounts.set(parent, (siblings = []))
  for (const path of typeof mountpath === 'string' ? [mountpath] : mountpath) {
    for (const sibling of siblings) if (sibling.path === path) compare(path, sibling.app, app)
    siblings.push({ path, app })
  }
}

function compare(path: string, first: HostedApplication, second: HostedApplication): void {
  const owned = new Set(first.routeKeys())
  for (const route of second.routeKeys()) if (owned.has(route)) throw new MountConflictError({ route, path })
}
