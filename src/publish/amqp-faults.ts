import { DestinationError, toError } from '../errors.js'

/** What the network says, as opposed to the broker or TLS. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ENOBUFS',
])

const accessRefused = 403
const notAllowed = 530

/**
 * Whatever went wrong on the way to a broker or at it, graded: the network is BROKER_UNREACHABLE, TLS is TLS_FAILED,
 * an answer of the broker is BROKER_REFUSED. `where` is `host:port`.
 */
export function brokerFault(thrown: unknown, where: string): DestinationError {
  const error = toError(thrown)
  if (error instanceof DestinationError) return error
  const code = 'code' in error ? error.code : undefined
  const details = { broker: where, reason: typeof code === 'string' ? code : undefined }
  const reply = typeof code === 'number' ? code : replyCode(error)
  if (reply !== undefined)
    return new DestinationError('BROKER_REFUSED', `broker ${where} refuses: ${said(error, reply)}`, {
      details: { ...details, reply },
      cause: error,
    })
  if (typeof code === 'string' && !networkCodes.has(code))
    return new DestinationError('TLS_FAILED', `no TLS with broker ${where}: ${brief(error)} (${code})`, {
      details,
      cause: error,
    })
  return new DestinationError('BROKER_UNREACHABLE', `broker ${where} is out of reach: ${brief(error)}`, {
    details,
    cause: error,
  })
}

/**
 * The broker's reply code when it ends the handshake. amqplib gives it nowhere but in the text of its error
 * (`open` in lib/connection.js), and not even there when the virtual host is refused; the integration tests hold on to
 * these texts.
 */
function replyCode({ message }: Error): number | undefined {
  const match = /^Handshake terminated by server: (\d{3})/.exec(message)
  if (match !== null) return Number(match[1])
  if (message.startsWith('SASL mechanism')) return accessRefused
  return message.startsWith('Expected ConnectionOpenOk; got <ConnectionClose') ? notAllowed : undefined
}

function said(error: Error, reply: number): string {
  if (reply === accessRefused) return `${brief(error)}; check user, password and permissions`
  if (reply !== notAllowed) return brief(error)
  return 'it closed the connection when asked for the virtual host; check that it exists, that the user may use it, and its limits'
}

/** One line, of a length that a log can take. */
function brief({ message }: Error): string {
  const [line = ''] = message.split('\n')
  return line.length > 300 ? `${line.slice(0, 300)}…` : line || 'no reason given'
}
