import { describe, it } from 'vitest'
import { caseFolders, expectCase } from '../../support/cases.js'
import { inspectorOf, lookAt } from '../../support/inspector.js'

/** `domain.xml` and `domstats.txt` as `virsh dumpxml` and `virsh domstats` print them, `look.json` what follows. */
describe('a look at a domain, recorded or written for what no test host has', () => {
  it.each(caseFolders('domstats'))('$name', async (folder) => {
    const xml = folder.read('domain.xml')
    const stats = folder.read('domstats.txt')
    const tag = (name: string) => new RegExp(`<${name}>(.*)</${name}>`).exec(xml)![1]!
    const domain = { uuid: tag('uuid'), name: tag('name'), id: 1, xml, stats }
    const { cycle } = inspectorOf({ domains: [domain] }, { diskInfo: 'bulk' })

    const look = lookAt(await cycle(), domain.name)

    const vnics = look.vnics.map(({ description, ...figures }) => ({
      device: description.device,
      ...figures,
    }))
    expectCase(folder, 'look.json', { ...look, takenAt: undefined, vnics })
  })
})
