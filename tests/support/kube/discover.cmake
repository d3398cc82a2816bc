# Read by ctest when it starts: one CTest test for each test that SCRIPT lists, behind the fixture that runs them all.
# Set by the including file: SUITE, SCRIPT, RESULTS, TIMEOUT, ENVIRONMENT.
execute_process(COMMAND /usr/bin/python3 -B ${SCRIPT} --list OUTPUT_VARIABLE listed RESULT_VARIABLE status
                ERROR_VARIABLE fault)
if(NOT status EQUAL 0)
  add_test(${SUITE} ${CMAKE_COMMAND} -E false)
  set_tests_properties(${SUITE} PROPERTIES LABELS controlplane)
  message(WARNING "${SCRIPT} --list ended with ${status}: ${fault}")
  return()
endif()
add_test(${SUITE}.all /usr/bin/python3 -B ${SCRIPT} --run ${RESULTS})
set_tests_properties(${SUITE}.all PROPERTIES LABELS controlplane TIMEOUT ${TIMEOUT} FIXTURES_SETUP ${SUITE}
                     ENVIRONMENT "${ENVIRONMENT}")
string(REGEX MATCHALL "[^\n]+" names "${listed}")
foreach(name IN LISTS names)
  add_test(${SUITE}.${name} /usr/bin/python3 -B ${SCRIPT} --result ${RESULTS} ${name})
  set_tests_properties(${SUITE}.${name} PROPERTIES LABELS controlplane TIMEOUT 30 FIXTURES_REQUIRED ${SUITE})
endforeach()
