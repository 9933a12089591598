/** Packages that only some users need: loaded when used, with an error that says what to install. */
import { MissingPackageError } from './errors'

/**
 * What `load` returns.
 *
 * @param packages what has to be installed for it, as npm wants it.
 * @throws MissingPackageError when it is not installed; whatever else loading throws.
 */
export function loadPeer<T>(feature: string, packages: string, load: () => T): T {
  try {
    return load()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause
    throw new MissingPackageError({ feature, packages }, { cause })
  }
}
