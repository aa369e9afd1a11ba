# Warnings for our own code; library headers are SYSTEM includes and produce none.
add_library(scgan_warnings INTERFACE)
target_compile_options(scgan_warnings INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
                       -Woverloaded-virtual -Wno-unused-parameter -Werror)
