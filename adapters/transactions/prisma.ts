/** Prisma: interactive transactions, `prisma.$transaction(async (tx) => ...)`. */
import { type Effectful, wrap } from './wrapping'

const shape = { methods: ['$transaction'], clients: [] }

/**
 * A Prisma client whose interactive transactions hold effects until their commit:
 *
 *     const prisma = wrapPrisma(rage, new PrismaClient())
 *
 * @returns a proxy; the client given is untouched. Wrap last: `$extends` on the proxy answers a client that is not wrapped.
 * `$transaction([query, query])` runs none of your code inside and passes as it is.
 */
export function wrapPrisma<Client extends object>(rage: Effectful, prisma: Client): Client {
  return wrap(rage, prisma, shape)
}
