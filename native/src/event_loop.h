#pragma once

#include "fault.h"

/**
 * Starts the process's one event loop of libvirt unless it runs: it must be there before the first connection
 * is opened, or that connection has no keepalive, no close notice and no events. Its thread is never joined.
 */
MaybeFault StartEventLoop();
