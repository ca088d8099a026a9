#!/usr/bin/python3
"""The other end of a vhost-user vNIC, as much of it as QEMU needs to start: it has no feature and moves no packet.

    vhost_user_backend.py SOCKET

Prints `ready` once it listens; ends with its standard input. Protocol: QEMU's docs/interop/vhost-user.rst.
"""
import os
import socket
import struct
import sys
import threading

HEADER = struct.Struct('<III')  # request, flags, size
VERSION, REPLY = 1, 4
GET_FEATURES = 1


def serve(connection):
    while header := connection.recv(HEADER.size, socket.MSG_WAITALL):
        request, _, size = HEADER.unpack(header)
        if size:
            connection.recv(size, socket.MSG_WAITALL)
        if request == GET_FEATURES:
            connection.sendall(HEADER.pack(request, VERSION | REPLY, 8) + struct.pack('<Q', 0))


def accept(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=[connection], daemon=True).start()


listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
threading.Thread(target=accept, args=[listener], daemon=True).start()
print('ready', flush=True)
sys.stdin.read()
os.unlink(sys.argv[1])
