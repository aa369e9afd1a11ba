# cmake -DSOURCE_DIR= -DSCGAN_VERSION= -DTEMPLATE= -DOUTPUT= -P git_revision.cmake
# Writes OUTPUT from TEMPLATE with the checkout's revision. Every build runs it; OUTPUT is only written if it changes.
set(SCGAN_COMMIT unknown)
set(SCGAN_TEXT_MARK "")
set(SCGAN_REVISION_MARK "")
# An unpacked archive inside another checkout has no revision of its own.
if(EXISTS ${SOURCE_DIR}/.git)
  # No optional locks: a build must not block a commit made at the same time.
  set(ENV{GIT_OPTIONAL_LOCKS} 0)
  execute_process(COMMAND git -C ${SOURCE_DIR} rev-parse --short=12 HEAD
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(status EQUAL 0)
    set(SCGAN_COMMIT ${commit})
    execute_process(COMMAND git -C ${SOURCE_DIR} diff --quiet HEAD -- RESULT_VARIABLE differs ERROR_QUIET)
    if(NOT differs EQUAL 0)
      set(SCGAN_TEXT_MARK ", modified")
      set(SCGAN_REVISION_MARK "-modified")
    endif()
  endif()
endif()
configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
