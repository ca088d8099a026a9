/** Looks a domain up. Needs `uri`. */
import { openReadOnly } from '../../../native/lib/index.js'
import { given } from './connections.js'

const connection = await openReadOnly(given().uri)
const { uuids } = await connection.listDomains(0)
const other = await openReadOnly(given().uri)
await other.domainState(uuids[0])
await other.close()
await connection.close()
