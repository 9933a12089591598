/**
 * express: mounts a runtime in an Express 4 or 5 app, or in Connect. Transparent for every request the
 * runtime does not own. Imports nothing from Express: the shapes it relies on are the same in both majors.
 */
import type { Host, HostedApplication } from '../../src/runtime'
import { createContextMiddleware } from './context-middleware'
import { createFront } from './front'
import { createMount } from './mount'
import { Servers } from './servers'
import { Upgrades } from './upgrades'

export { MountConflictError } from './errors'

export function expressHost(app: HostedApplication): Host {
  const upgrades = new Upgrades(app)
  const servers = new Servers((server) => upgrades.attach(server))
  return {
    createMount(options) {
      if (options.presetPrototypes === false) servers.keepPrototypes()
      const mount = createMount(app, { upgrades, servers }, options)
      servers.addMount(mount)
      return mount
    },
    createContext: () => createContextMiddleware(app),
    createFront: (legacy, fail) => createFront({ app, upgrades, servers, legacy, fail }),
    adopt: (handler) => servers.addMount(handler),
    takeUpgrade: (req, res) => upgrades.take(req, res),
    attach: (server) => upgrades.attach(server),
    detach() {
      servers.detach()
      upgrades.detach()
    },
  }
}
