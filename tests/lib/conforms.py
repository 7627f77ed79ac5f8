#!/usr/bin/python3 -I
"""tests/lib/conforms.py DOCUMENT [ANSWERS]: whether recorded answers are what the OpenAPI document says.

ANSWERS is what tests/lib/ask has recorded (ASK_RECORD). Each answer is looked at by its
operation: its status, its content type, its headers and, of JSON, its body by the schema.
Objects of an answer may have no member that their schema has not, although to clients the
schemas are open, so that what is not told is found here. What is of no operation is to be a
refusal. Each kind of fault is told once, and any makes the exit status 1.

Without ANSWERS: whether each good answer that has a body has a schema, and each example fits.
"""
import json
import re
import sys

import jsonschema

# What no operation has to say of itself: a method that its path does not take.
EVERYWHERE = {'405'}
METHODS = {name: name.lower() for name in ('GET', 'POST', 'PUT', 'DELETE')}


FORMATS = jsonschema.FormatChecker(formats=[])


@FORMATS.checks('date-time')
def is_time(value):
    return not isinstance(value, str) or re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z', value)


def records(path):
    with open(path, 'rb') as file:
        data = file.read()
    at = 0
    while at < len(data):
        end = data.index(b'\n', at)
        head, body, method, uri = data[at:end].split(b' ', 3)
        at = end + 1
        middle = at + int(head)
        end = middle + int(body)
        # Of the absolute form the path is what is behind the host.
        path = re.sub(r'\Ahttps?://[^/?]*(?=/)', '', uri.decode('latin-1').split('?')[0])
        path = '/v2' if path == '/v2/' else path  # one route by two names
        yield (method.decode('latin-1'), path,
               data[at:middle].decode('latin-1'), data[middle:end])
        at = end


def header_read(text):
    """Status, and the headers with small names."""
    fields = {}
    for line in text.splitlines():
        name, _, value = line.partition(': ')
        fields[name.lower()] = value
    return fields.pop('status', '')[:3], fields


def close(schema):
    """An object with named members has no others, unless it says so."""
    if isinstance(schema, dict):
        if 'properties' in schema and 'oneOf' not in schema and 'anyOf' not in schema:
            schema.setdefault('additionalProperties', False)
        for value in schema.values():
            close(value)
    elif isinstance(schema, list):
        for value in schema:
            close(value)


class Document:
    def __init__(self, path):
        with open(path, encoding='utf-8') as file:
            self.document = json.load(file)
        close(self.document['components']['schemas'])
        for item in self.document['paths'].values():
            for operation in item.values():
                close(operation['responses'])
        self.resolver = jsonschema.RefResolver('', self.document)
        self.validators = {}
        self.patterns = []
        for path, item in self.document['paths'].items():
            parts = re.split(r'(\{[^}]*\})', path)
            verb = parts[-1].startswith(':')
            wild = '([^/:]+)' if verb else '([^/]+)'
            pattern = ''.join(wild if part.startswith('{') else re.escape(part) for part in parts)
            self.patterns.append((re.compile(pattern + r'\Z'), path, item))

    def item(self, path):
        """The path item that a path is of, or None: the more literal of two."""
        fit = [(pattern, item) for match, pattern, item in self.patterns if match.match(path)]
        fit.sort(key=lambda pair: [part.startswith('{') for part in pair[0].split('/')] + [-len(pair[0])])
        return fit[0][1] if fit else None

    def follow(self, thing):
        return self.resolver.resolve(thing['$ref'])[1] if '$ref' in thing else thing

    def validator(self, schema):
        found = self.validators.get(id(schema))
        if found is None:
            found = jsonschema.Draft202012Validator(schema, resolver=self.resolver, format_checker=FORMATS)
            self.validators[id(schema)] = found
        return found

    def body_fault(self, schema, text):
        """What is wrong with a body, in words that are the same for the same fault; None."""
        try:
            body = json.loads(text)
        except ValueError as error:
            return 'a body that is no JSON: %s' % error
        error = jsonschema.exceptions.best_match(self.validator(schema).iter_errors(body))
        if error is None:
            return None
        place = '/'.join('*' if isinstance(part, int) else part for part in error.absolute_path)
        return 'at /%s: %s' % (place, error.message[:200])

    def fault(self, response, kind, text, head):
        content = self.follow(response).get('content', {})
        if not content:
            return 'a body, where there is to be none' if text else None
        if kind not in content:
            return 'the type %s; there are %s' % (kind, ', '.join(content))
        schema = content[kind].get('schema')
        if text and not head and schema is not None and kind.endswith('json'):
            return self.body_fault(schema, text)
        return None

    def look(self, method, path, status, fields, text):
        """What is wrong with an answer: the operation, or what was asked, and words; None."""
        kind = fields.get('content-type', '').split(';')[0]
        head = method == 'HEAD'
        item = self.item(path)
        operation = item.get('get' if head else METHODS.get(method)) if item else None
        if operation is None:
            if status in ('400', '404', '413', '429', '500', '503') or status in EVERYWHERE:
                problem = self.document['components']['responses']['400']
                return self.told('no operation', status, self.fault(problem, kind, text, head))
            return 'no operation', '%s %s was answered with %s' % (method, path, status)
        name = operation['operationId']
        response = operation['responses'].get(status)
        if response is None:
            return name, 'the status %s, of which nothing is said' % status
        return self.told(name, status, self.fault(response, kind, text, head))

    @staticmethod
    def told(name, status, words):
        return (name, '%s: %s' % (status, words)) if words else None


    def faults_within(self):
        """What is wrong with the document itself, in words."""
        for path, item in self.document['paths'].items():
            for operation in item.values():
                name = operation['operationId']
                bodies = [('the request', operation.get('requestBody', {}).get('content', {}))]
                for status, response in operation['responses'].items():
                    if '$ref' in response:
                        continue
                    bodies.append((status, response.get('content', {})))
                    if status not in ('204', '304') and not response.get('content'):
                        yield '%s: of %s nothing is said' % (name, status)
                for of, content in bodies:
                    for kind, media in content.items():
                        if of != 'the request' and 'schema' not in media:
                            yield '%s: %s of %s has no schema' % (name, kind, of)
                        fault = 'example' in media and self.body_fault(media['schema'], json.dumps(media['example']))
                        if fault:
                            yield '%s: the example of %s: %s' % (name, of, fault)


def main(document, answers=None):
    document = Document(document)
    if answers is None:
        faults = list(document.faults_within())
        print('\n'.join(faults))
        return 1 if faults else 0
    count = 0
    faults = {}
    for method, path, head, body in records(answers):
        status, fields = header_read(head)
        count += 1
        fault = document.look(method, path, status, fields, body)
        if fault is not None and fault not in faults:
            faults[fault] = (method, path, body[:300].decode('utf-8', 'replace'))
    for (name, words), (method, path, body) in faults.items():
        print('%s: %s\n    %s %s\n    %s' % (name, words, method, path, body))
    if count == 0:
        print('no answer was recorded')
    elif faults:
        print('of %d answers: what is said of each operation is in src/http/openapi_answers.c' % count)
    return 1 if faults or count == 0 else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
