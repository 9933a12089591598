/**
 * express: mounts a runtime in an Express 4 or 5 app, or in Connect. Transparent for every request the
 * runtime does not own. Imports nothing from Express: the shapes it relies on are the same in both majors.
 */
import type { Server } from 'node:http'
import type { Host, HostedApplication } from '../../src/runtime'
import { createContextMiddleware } from './context-middleware'
import { createFront } from './front'
import { LegacyRoutes } from './legacy-route'
import { createMount } from './mount'
import { Servers } from './servers'
import { Upgrades } from './upgrades'

export { MountConflictError } from './errors'

export function expressHost(app: HostedApplication): Host {
  const upgrades = new Upgrades(app)
  const legacyRoutes = new LegacyRoutes()
  const listening = new Set<Server>()
  const attach = (server: Server): void => {
    if (!listening.has(server)) {
      listening.add(server)
      server.once('close', () => listening.delete(server))
    }
    upgrades.attach(server)
  }
  const servers = new Servers(attach)
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
    attach,
    legacyRoute: (req) => legacyRoutes.patternOf(req),
    servers: () => listening,
    detach() {
      servers.detach()
      upgrades.detach()
    },
  }
}
