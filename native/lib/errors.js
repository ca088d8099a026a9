/** A libvirt call that failed, or (code 0) that this binding refused to make. */
export class LibvirtError extends Error {
  /**
   * @param method the method of this binding
   * @param fault what the addon rejected with
   */
  constructor(method, fault) {
    const call = fault.call || method
    super(`${call}: ${fault.message}`)
    this.name = 'LibvirtError'
    this.libvirtCode = fault.code
    this.libvirtDomain = fault.domain
    this.libvirtLevel = fault.level
    this.systemError = fault.systemError
    this.call = call
  }
}

export class BindingLoadError extends Error {
  constructor(message, cause) {
    super(message, { cause })
    this.name = 'BindingLoadError'
    this.code = 'ERR_LIBVIRT_BINDING'
  }
}

/**
 * What the addon's promise resolves with. The error is made here because one made in native code has no stack of its
 * caller.
 */
export async function answerOf(method, promise) {
  try {
    return await promise
  } catch (fault) {
    throw new LibvirtError(method, fault)
  }
}
