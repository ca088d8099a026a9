{
  'variables': {'sanitize%': 0},
  'targets': [
    {
      # gyp strips a leading "lib" from a target's name, so none must have one.
      'target_name': 'node_libvirt',
      'sources': [
        'src/addon.cc',
        'src/call_threads.cc',
        'src/close_notice.cc',
        'src/connection_calls.cc',
        'src/device_calls.cc',
        'src/domain_calls.cc',
        'src/domain_events.cc',
        'src/environment.cc',
        'src/event_loop.cc',
        'src/fault.cc',
        'src/lane.cc',
        'src/listing_calls.cc',
        'src/mailbox.cc',
        'src/session.cc',
        'src/stats_columns.cc',
        'src/typed_parameters.cc',
      ],
      'include_dirs': ["<!(node -p \"require('node-addon-api').include_dir\")"],
      'defines': [
        'NAPI_VERSION=8',
        'NAPI_DISABLE_CPP_EXCEPTIONS',
        'NODE_ADDON_API_DISABLE_DEPRECATED',
        # A worker that is being terminated fails every call into JavaScript; without this that ends the process.
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      'cflags': ['<!@(pkg-config --cflags libvirt)', '-Wall', '-Wextra', '-Werror', '-fvisibility=hidden'],
      'cflags_cc!': ['-std=gnu++17', '-fexceptions'],
      'cflags_cc': ['-std=c++17', '-fno-exceptions'],
      'libraries': ['<!@(pkg-config --libs libvirt)', '-pthread'],
      # A worker thread that ends unloads its addons while our threads still run in this one.
      'ldflags': ['-Wl,-z,nodelete'],
      'conditions': [
        [
          'sanitize==1',
          {
            'defines': ['_GLIBCXX_ASSERTIONS', '_GLIBCXX_SANITIZE_VECTOR'],
            'cflags': [
              '-fsanitize=address,undefined,float-cast-overflow,float-divide-by-zero',
              '-fno-sanitize-recover=all',
              '-fno-omit-frame-pointer',
              '-g',
              '-O1',
            ],
            'cflags!': ['-fomit-frame-pointer', '-O3'],
            'ldflags': ['-fsanitize=address,undefined'],
          },
        ],
      ],
    },
  ],
}
