/**
 * Signed and encrypted texts, bound to a name and a purpose, under secrets that can be replaced one after the other:
 * the newest writes, all read. No text of a client makes anything here throw: what is not ours opens as `null`.
 *
 *     signed     1.<payload>.<mac>      payload: base64url of UTF-8; mac: base64url of HMAC-SHA256 over
 *                                       the UTF-8 bytes of <name>=1.<payload> (43 characters)
 *     encrypted  1.<bytes>              base64url of: salt (12 bytes), nonce (12), ciphertext, tag (16)
 *
 * Each secret gives one key per purpose by HKDF-SHA256 (RFC 5869; no salt; info as below). Encryption is AES-256-GCM
 * with a key per message: HMAC-SHA256(purpose key, salt ‖ name). Random 96-bit nonces under one key are good for 2^32
 * messages only (NIST SP 800-38D, 8.3), which a busy site writes within months; salt and nonce together lift that, the way of XAES-256-GCM
 * (c2sp.org/XAES-256-GCM), whose key comes from CMAC instead. base64url has several spellings of one value when its last
 * character carries unused bits; only the canonical one is read, so that no other text opens.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { InvalidSecretsError } from './errors'

/** What was sealed, once its seal has been found to be ours. */
export interface Opened {
  readonly payload: string
  /** Sealed under a secret that is no longer the newest. */
  readonly isOld: boolean
}

/** One purpose under all secrets. */
export interface Seal {
  /** @param name what the text is for; it opens under no other name. */
  close(name: string, payload: string): string
  /** `null` for anything that was not closed here under this name. */
  open(name: string, text: string): Opened | null
}

const leastCharacters = 32
const version = '1.'
const saltBytes = 12
const nonceBytes = 12
const tagBytes = 16

/** Keys of an application. Holds them privately: printing or logging it shows none. */
export class Secrets {
  readonly signed: Seal
  readonly encrypted: Seal
  /** Encrypts what is kept on disk. */
  readonly atRest: Seal

  /**
   * @param secrets newest first, at least one, each of 32 characters or more.
   * @throws InvalidSecretsError, which never contains a secret.
   */
  constructor(secrets: readonly string[]) {
    const problem = problemOf(secrets)
    if (problem !== null) throw new InvalidSecretsError({ problem })
    this.signed = new Signature(secrets.map((secret) => keyFor('rage-js signed 1', secret)))
    this.encrypted = new Encryption(secrets.map((secret) => keyFor('rage-js encrypted 1', secret)))
    this.atRest = new Encryption(secrets.map((secret) => keyFor('rage-js at rest 1', secret)))
  }
}

function problemOf(secrets: unknown): string | null {
  if (!Array.isArray(secrets)) return `secrets is of type ${typeof secrets}`
  if (secrets.length === 0) return 'secrets is empty'
  for (const [index, secret] of secrets.entries()) {
    if (typeof secret !== 'string') return `secrets[${index}] is of type ${typeof secret}`
    if (secret.length < leastCharacters) return `secrets[${index}] has ${secret.length} characters`
  }
  return null
}

function keyFor(purpose: string, secret: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)))
}

class Signature implements Seal {
  readonly #keys: readonly KeyObject[]

  constructor(keys: readonly KeyObject[]) {
    this.#keys = keys
  }

  close(name: string, payload: string): string {
    const text = version + Buffer.from(payload).toString('base64url')
    return `${text}.${this.#mac(this.#keys[0]!, name, text)}`
  }

  open(name: string, text: string): Opened | null {
    const dot = text.lastIndexOf('.')
    if (!text.startsWith(version) || dot < version.length) return null
    // UTF-8: in latin1 a character beyond U+00FF would pass for one of ours.
    const given = Buffer.from(text.slice(dot + 1), 'utf8')
    const signed = text.slice(0, dot)
    for (const [age, key] of this.#keys.entries()) {
      const mac = Buffer.from(this.#mac(key, name, signed), 'utf8')
      if (mac.length === given.length && timingSafeEqual(mac, given))
        return { payload: Buffer.from(signed.slice(version.length), 'base64url').toString(), isOld: age > 0 }
    }
    return null
  }

  #mac(key: KeyObject, name: string, text: string): string {
    return createHmac('sha256', key).update(`${name}=${text}`).digest('base64url')
  }
}

class Encryption implements Seal {
  readonly #keys: readonly KeyObject[]

  constructor(keys: readonly KeyObject[]) {
    this.#keys = keys
  }

  close(name: string, payload: string): string {
    const random = randomBytes(saltBytes + nonceBytes)
    const nonce = random.subarray(saltBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#messageKey(this.#keys[0]!, random, name), nonce)
    const bytes = [random, cipher.update(payload, 'utf8'), cipher.final(), cipher.getAuthTag()]
    return version + Buffer.concat(bytes).toString('base64url')
  }

  open(name: string, text: string): Opened | null {
    if (!text.startsWith(version)) return null
    const bytes = Buffer.from(text.slice(version.length), 'base64url')
    if (bytes.length < saltBytes + nonceBytes + tagBytes) return null
    if (version + bytes.toString('base64url') !== text) return null
    for (const [age, key] of this.#keys.entries()) {
      const payload = this.#decrypt(key, name, bytes)
      if (payload !== null) return { payload, isOld: age > 0 }
    }
    return null
  }

  #decrypt(key: KeyObject, name: string, bytes: Buffer): string | null {
    const nonce = bytes.subarray(saltBytes, saltBytes + nonceBytes)
    const options = { authTagLength: tagBytes }
    const decipher = createDecipheriv('aes-256-gcm', this.#messageKey(key, bytes, name), nonce, options)
    decipher.setAuthTag(bytes.subarray(-tagBytes))
    const plain = decipher.update(bytes.subarray(saltBytes + nonceBytes, -tagBytes))
    try {
      decipher.final()
    } catch {
      return null // Not ours, or written under another secret or name.
    }
    return plain.toString()
  }

  /** @param bytes begins with the salt. */
  #messageKey(key: KeyObject, bytes: Buffer, name: string): Buffer {
    return createHmac('sha256', key).update(bytes.subarray(0, saltBytes)).update(name).digest()
  }
}
