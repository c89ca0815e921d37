# The band of a module, as src/LAYERS gives it.
function(sinew_band name out)
  file(STRINGS ${PROJECT_SOURCE_DIR}/src/LAYERS rows REGEX "^[0-9]+[ \t]+${name}([ \t]|$)")
  if(NOT rows MATCHES "^([0-9]+)")
    message(FATAL_ERROR "src/LAYERS has no row for module '${name}'")
  endif()
  set(${out} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

# What one thread allocates another frees (workers and the store's writer), which glibc's malloc is
# slow at. Sanitizers bring an allocator of their own.
function(link_allocator program)
  if(SINEW_SANITIZE)
    return()
  endif()
  find_package(mimalloc REQUIRED)
  target_link_libraries(${program} PRIVATE -Wl,--push-state,--no-as-needed mimalloc -Wl,--pop-state)
  target_compile_definitions(${program} PRIVATE SINEW_MIMALLOC)
endfunction()

# sinew_module(name DEPENDS modules... LINK libraries...)
#
# Makes the static library sinew_<name> from every source below this folder. By their endings:
#   *_test.cpp   go into one program <name>_tests, registered with ctest;
#   *_fuzz.cpp   each becomes a libFuzzer program (SINEW_FUZZ, clang);
#   *_bench.cpp  go into one Google Benchmark program <name>_bench (SINEW_BENCH);
#   *_main.cpp   each becomes a program of its own (generators, helpers of tests).
# A dependency that src/LAYERS does not allow stops the configuration.
function(sinew_module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  sinew_band(${name} band)
  foreach(dependency IN LISTS ARG_DEPENDS)
    sinew_band(${dependency} lower)
    if(NOT lower LESS band)
      message(FATAL_ERROR "${name} (band ${band}) may not depend on ${dependency} (band ${lower})")
    endif()
  endforeach()
  list(TRANSFORM ARG_DEPENDS PREPEND sinew_ OUTPUT_VARIABLE libraries)

  file(GLOB_RECURSE all CONFIGURE_DEPENDS *.cpp)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench|main)\\.cpp$")
  add_library(sinew_${name} STATIC ${sources})
  target_include_directories(sinew_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(sinew_${name} PUBLIC ${libraries} ${ARG_LINK})

  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(SINEW_TESTS AND tests)
    add_executable(${name}_tests ${tests} ${PROJECT_SOURCE_DIR}/cmake/test_main.cpp)
    target_link_libraries(${name}_tests PRIVATE sinew_${name})
    target_compile_definitions(${name}_tests PRIVATE DOCTEST_CONFIG_SUPER_FAST_ASSERTS
      SINEW_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name}_tests WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endif()

  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  if(SINEW_FUZZ)
    foreach(fuzzer IN LISTS fuzzers)
      get_filename_component(target ${fuzzer} NAME_WE)
      add_executable(${name}_${target} ${fuzzer})
      add_dependencies(fuzzers ${name}_${target})
      target_link_libraries(${name}_${target} PRIVATE sinew_${name})
      target_link_options(${name}_${target} PRIVATE -fsanitize=fuzzer)
      set_target_properties(${name}_${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzzers)
    endforeach()
  endif()

  set(benches ${all})
  list(FILTER benches INCLUDE REGEX "_bench\\.cpp$")
  if(SINEW_BENCH AND benches)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE sinew_${name} benchmark::benchmark_main)
    link_allocator(${name}_bench)
    target_compile_definitions(${name}_bench PRIVATE SINEW_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    set_target_properties(${name}_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/benches)
  endif()

  set(programs ${all})
  list(FILTER programs INCLUDE REGEX "_main\\.cpp$")
  foreach(program IN LISTS programs)
    get_filename_component(target ${program} NAME_WE)
    string(REGEX REPLACE "_main$" "" target ${target})
    add_executable(${target} ${program})
    target_link_libraries(${target} PRIVATE sinew_${name})
  endforeach()
endfunction()

if(SINEW_FUZZ)
  add_custom_target(fuzzers)
endif()
if(SINEW_BENCH)
  find_package(benchmark REQUIRED)
endif()
