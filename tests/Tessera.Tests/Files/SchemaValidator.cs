using System.Text.Json;

namespace Tessera.Tests.Files;

/// <summary>As much of JSON Schema (draft 2020-12) as the published schema uses; a keyword beyond that is an error.</summary>
internal sealed class SchemaValidator(JsonElement root)
{
    /// <summary>What is wrong with a value, or null.</summary>
    public string? Error(JsonElement value) => Error(root, value, "");

    private string? Error(JsonElement schema, JsonElement value, string at)
    {
        foreach (var keyword in schema.EnumerateObject())
        {
            if (Error(schema, keyword.Name, keyword.Value, value, at) is { } error) return error;
        }

        return null;
    }

    private string? Error(JsonElement schema, string keyword, JsonElement argument, JsonElement value, string at)
    {
        var number = value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0;
        var isNumber = value.ValueKind == JsonValueKind.Number;
        var isList = value.ValueKind == JsonValueKind.Array;
        var isObject = value.ValueKind == JsonValueKind.Object;
        switch (keyword)
        {
            case "$schema" or "$defs" or "title" or "description" or "default" or "examples":
                return null;
            case "$ref":
                return Error(root.GetProperty("$defs").GetProperty(argument.GetString()!["#/$defs/".Length..]), value, at);
            case "type":
                return Is(value, argument.GetString()!) ? null : $"{at}: {value} is no {argument}";
            case "enum":
                return argument.EnumerateArray().Any(word => JsonElement.DeepEquals(word, value)) ? null : $"{at}: {value} is none of {argument}";
            case "const":
                return JsonElement.DeepEquals(argument, value) ? null : $"{at}: {value} is not {argument}";
            case "oneOf":
                var fitting = argument.EnumerateArray().Count(option => Error(option, value, at) is null);
                return fitting == 1 ? null : $"{at}: {value} fits {fitting} of the options";
            case "required":
                return argument.EnumerateArray().Select(key => key.GetString()!).Where(key => isObject && !value.TryGetProperty(key, out _)).Select(key => $"{at}: no {key}").FirstOrDefault();
            case "properties":
                return !isObject ? null : argument.EnumerateObject()
                    .Select(property => value.TryGetProperty(property.Name, out var member) ? Error(property.Value, member, $"{at}/{property.Name}") : null)
                    .FirstOrDefault(error => error is not null);
            case "additionalProperties" when argument.ValueKind == JsonValueKind.False:
                return !isObject ? null : value.EnumerateObject()
                    .Where(member => !schema.GetProperty("properties").TryGetProperty(member.Name, out _))
                    .Select(member => $"{at}: unknown {member.Name}").FirstOrDefault();
            case "items":
                return isList ? value.EnumerateArray().Select((item, index) => Error(argument, item, $"{at}[{index}]")).FirstOrDefault(error => error is not null) : null;
            case "minItems":
                return !isList || value.GetArrayLength() >= argument.GetInt32() ? null : $"{at}: too few";
            case "maxItems":
                return !isList || value.GetArrayLength() <= argument.GetInt32() ? null : $"{at}: too many";
            case "uniqueItems":
                return !isList || value.EnumerateArray().Select(item => item.GetRawText()).Distinct().Count() == value.GetArrayLength() ? null : $"{at}: twice the same";
            case "minLength":
                return value.ValueKind != JsonValueKind.String || value.GetString()!.Length >= argument.GetInt32() ? null : $"{at}: too short";
            case "minimum":
                return !isNumber || number >= argument.GetDouble() ? null : $"{at}: {value} below {argument}";
            case "maximum":
                return !isNumber || number <= argument.GetDouble() ? null : $"{at}: {value} above {argument}";
            case "exclusiveMinimum":
                return !isNumber || number > argument.GetDouble() ? null : $"{at}: {value} not above {argument}";
            case "exclusiveMaximum":
                return !isNumber || number < argument.GetDouble() ? null : $"{at}: {value} not below {argument}";
            default:
                throw new NotSupportedException($"the schema uses '{keyword}', which this validator does not know");
        }
    }

    private static bool Is(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        _ => throw new NotSupportedException(type),
    };
}
