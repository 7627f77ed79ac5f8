/*
 * openapi_examples.c: what a request of each operation may look like, and the answers that a
 * newcomer wants to see before asking.  A test looks at each by its schema.
 */
#include <string.h>

#include "http/openapi_inner.h"

#define WHAT_IS_SHOWN_ONCE "fg_Zx3kP0aBcD9e_8mJ..."

static const struct openapi_example examples[] = {
    {"predict", "{\"features\":[5.1,3.5,1.4,0.2]}",
     "{\"prediction\":0,\"label\":\"setosa\",\"probabilities\":[1,0,0],\"model\":\"iris\","
     "\"version\":3}"},
    {"predictWith", "{\"instances\":[[5.1,3.5,1.4,0.2],[6.7,3,5.2,2.3]]}",
     "{\"predictions\":[0,2],\"labels\":[\"setosa\",\"virginica\"],\"probabilities\":[[1,0,0],"
     "[0,0.02,0.98]],\"model\":\"iris\",\"version\":3}"},
    {"explain", "{\"features\":[5.1,3.5,1.4,0.2]}",
     "{\"prediction\":0,\"label\":\"setosa\",\"probabilities\":[1,0,0],\"class\":0,\"margin\":"
     "1,\"bias\":0.33,\"contributions\":{\"sepal_length\":0.05,\"sepal_width\":0.01,"
     "\"petal_length\":0.31,\"petal_width\":0.3},\"model\":\"iris\",\"version\":3}"},
    {"draw", "{\"features\":[5.1,3.5,1.4,0.2]}", NULL},
    {"feedback", "{\"request_id\":\"6f1c7a\",\"truth\":\"setosa\"}", NULL},
    {"createJob", "{\"instances\":[[5.1,3.5,1.4,0.2]]}",
     "{\"job_uuid\":\"01a2025e-ac36-7be9-b018-0ea4b79c425e\",\"status\":\"pending\",\"model\":"
     "\"iris\",\"created_at\":\"2026-11-22T08:00:00.000000Z\",\"links\":{\"self\":\"/jobs/"
     "01a2025e-ac36-7be9-b018-0ea4b79c425e\",\"result\":\"/jobs/"
     "01a2025e-ac36-7be9-b018-0ea4b79c425e/result\"}}"},
    {"test", "{\"test_name\":\"first light\",\"iterations\":100}", NULL},
    {"health", NULL,
     "{\"status\":\"healthy\",\"timestamp\":\"2026-11-22T08:00:00.000Z\",\"version\":"
     "\"" FORESTGATE_VERSION "\"}"},
    {"createAccount",
     "{\"username\":\"ann@example.org\",\"first_name\":\"Ann\",\"last_name\":\"Berg\","
     "\"password\":\"one horse at the gate\"}",
     NULL},
    {"token",
     "{\"grant_type\":\"password\",\"username\":\"ann@example.org\",\"password\":\"one horse "
     "at "
     "the gate\"}",
     "{\"access_token\":\"eyJhbGciOi...\",\"token_type\":\"bearer\",\"expires_in\":900,"
     "\"refresh_token\":\"fgr_8mJ...\"}"},
    {"login", "{\"username\":\"ann@example.org\",\"password\":\"one horse at the gate\"}",
     "{\"token\":\"eyJhbGciOi...\",\"token_type\":\"bearer\",\"expires_in\":900,"
     "\"refresh_token\":\"fgr_8mJ...\"}"},
    {"logout", "{\"everywhere\":true}", NULL},
    {"setMe", "{\"first_name\":\"Anna\"}", NULL},
    {"setMyPassword",
     "{\"password\":\"one horse at the gate\",\"new_password\":\"two geese in the rain\"}",
     NULL},
    {"createMyKey", "{\"name\":\"notebook\",\"models\":\"iris\",\"scopes\":\"predict,read\"}",
     "{\"id\":\"Zx3kP0aBcD9e\",\"name\":\"notebook\",\"masked_key\":\"fg_Zx3k...\",\"state\":"
     "\"active\",\"user\":\"8iVHUfqtbum1\",\"tier\":\"standard\",\"scopes\":\"predict,read\","
     "\"models\":\"iris\",\"addresses\":\"\",\"limits\":\"100/60s,10000/"
     "day\",\"own_limits\":\"\","
     "\"created_at\":"
     "\"2026-11-22T08:00:00.000Z\",\"expires_at\":null,\"revoked_at\":null,\"rotated_at\":null,"
     "\"old_until\":null,\"last_used_at\":null,\"metadata\":{},\"key\":\"" WHAT_IS_SHOWN_ONCE
     "\"}"},
    {"rotateMyKey", "{\"overlap\":\"1h\"}", NULL},
    {"decrypt", "{\"encrypted_data\":\"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..8mJ\"}", NULL},
    {"createUser",
     "{\"username\":\"ann@example.org\",\"role\":\"user\",\"models\":\"iris\",\"tier\":"
     "\"standard\"}",
     NULL},
    {"setUser", "{\"is_active\":true,\"models\":\"iris\"}", NULL},
    {"setUserPassword", "{\"new_password\":\"two geese in the rain\"}", NULL},
    {"invite", "{\"role\":\"user\",\"models\":\"iris\",\"tier\":\"standard\"}", NULL},
    {"createKey", "{\"name\":\"partner\",\"tier\":\"standard\",\"models\":\"iris\"}", NULL},
    {"setKey", "{\"name\":\"partner\",\"scopes\":\"predict\"}", NULL},
    {"rotateKey", "{\"overlap\":\"1h\"}", NULL},
    {"setTier", "{\"limits\":\"100/60s,10000/day\"}",
     "{\"name\":\"gold\",\"limits\":\"100/60s,10000/"
     "day\",\"price\":\"call\",\"shadow\":false}"},
    {"promoteVersion", "{\"version\":4,\"as\":\"canary\",\"share\":\"10%\"}", NULL},
    {"rollBack", "{\"to\":3}", NULL},
    {"retireVersion", "{\"version\":4}", NULL},
    {"v2Infer",
     "{\"inputs\":[{\"name\":\"rows\",\"shape\":[1,4],\"datatype\":\"FP64\",\"data\":[5.1,3.5,"
     "1.4,"
     "0.2]}]}",
     NULL},
    {"v2Index", "{\"ready\":true}", NULL},
    {"v2Load", "{}", NULL},
    {"v2Unload", "{}", NULL},
    {"v1Predict", "{\"instances\":[[5.1,3.5,1.4,0.2]]}", "{\"predictions\":[0]}"},
    {"v1Explain", "{\"instances\":[[5.1,3.5,1.4,0.2]]}", NULL},
    {"v1Classify",
     "{\"examples\":[{\"sepal_length\":5.1,\"sepal_width\":3.5,\"petal_length\":1.4,"
     "\"petal_width\":0.2}]}",
     NULL},
    {"v1Regress", "{\"examples\":[{\"a\":0.5,\"b\":0.5}]}", NULL},
    {"invocations",
     "{\"dataframe_split\":{\"columns\":[\"sepal_length\",\"sepal_width\",\"petal_length\","
     "\"petal_width\"],\"data\":[[5.1,3.5,1.4,0.2]]}}",
     "{\"predictions\":[0]}"},
    {"endpointInvocations", "{\"instances\":[[5.1,3.5,1.4,0.2]]}", NULL},
    {"huggingFace",
     "{\"inputs\":{\"data\":{\"sepal_length\":[\"5.1\"],\"sepal_width\":[\"3.5\"],"
     "\"petal_length\":[\"1.4\"],\"petal_width\":[\"0.2\"]}}}",
     NULL},
    {"setKeep", "{\"rate\":\"10%\",\"days\":30}", NULL},
};

const struct openapi_example *openapi_example_of(const char *operation)
{
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
        if (openapi_is_called(operation, examples[i].operation))
            return &examples[i];
    return NULL;
}
