using System.Numerics;
using System.Numerics.Tensors;
using CsCheck;
using Tessera.Files;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class ApplyTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Random_operators_on_files_equal_the_library_in_float() => RandomOperators<float>();

    [Fact]
    public void Random_operators_on_files_equal_the_library_in_double() => RandomOperators<double>();

    [Fact]
    public void An_example_worked_by_hand()
    {
        var spec = folder.Write("spec.json", """{ "kernel": [2], "outputs": 1, "stride": [2], "sharing": { "tile": [2] } }""");
        Write("v.npy", [1, 1, 6], [1f, 2, 3, 4, 5, 6]);
        Write("k.npy", [2, 1, 1, 2], [1f, 10, 100, 1000]);
        Write("b.npy", [2, 1], [0.5f, 0.25f]);
        Write("g.npy", [1, 1, 3], [1f, 2, 3]);

        Fine("forward", "--spec", spec, "--input", folder["v.npy"], "--kernel", folder["k.npy"], "--bias", folder["b.npy"], "--out", folder["z.npy"]);
        Assert.Equal([21.5f, 4300.25f, 65.5f], Read("z.npy"));

        Fine("kernel-gradient", "--spec", spec, "--input", folder["v.npy"], "--grad", folder["g.npy"], "--out", folder["dk.npy"], "--bias-out", folder["db.npy"]);
        Assert.Equal([16f, 20, 6, 8], Read("dk.npy"));
        Assert.Equal([4f, 2], Read("db.npy"));

        Fine("input-gradient", "--spec", spec, "--kernel", folder["k.npy"], "--grad", folder["g.npy"], "--input-size", "7", "--out", folder["dv.npy"]);
        Assert.Equal([1f, 10, 200, 2000, 3, 30, 0], Read("dv.npy"));

        Fine("matrix", "--spec", spec, "--kernel", folder["k.npy"], "--input-size", "6", "--out", folder["a.npz"]);
        Assert.Equal([0, 2, 4, 6], NpzFile.Read(folder["a.npz"], "indptr").ToArray<int>());
        Assert.Equal([0, 1, 2, 3, 4, 5], NpzFile.Read(folder["a.npz"], "indices").ToArray<int>());
        Assert.Equal([1f, 10, 100, 1000, 1, 10], NpzFile.Read(folder["a.npz"], "data").ToArray<float>());
        Assert.Equal([3, 6], NpzFile.Read(folder["a.npz"], "shape").ToArray<long>());
    }

    [Fact]
    public void The_reference_and_the_portable_path_agree_with_the_fast_one()
    {
        var spec = folder.Write("spec.json", """{ "kernel": [3, 3], "outputs": 4, "padding": "same" }""");
        var random = new RandomSource(1);
        Write("v.npy", [2, 3, 9, 8], Values(2 * 3 * 9 * 8));
        Write("k.npy", [4, 3, 3, 3], Values(4 * 3 * 9));
        float[] Run(params string[] more)
        {
            Fine(["forward", "--spec", spec, "--input", folder["v.npy"], "--kernel", folder["k.npy"], "--out", folder["z.npy"], .. more]);
            return Read("z.npy");
        }

        float[] fast = Run("--threads", "2"), reference = Run("--reference"), portable = Run("--portable", "--threads", "1");
        for (var i = 0; i < fast.Length; i++)
        {
            Assert.Equal(reference[i], fast[i], 1e-5f);
            Assert.Equal(reference[i], portable[i], 1e-5f);
        }

        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble())];
    }

    [Theory]
    [InlineData("""{ "kernel": [3, 3], "outputs": 2, "strid": [2, 2] }""", "spec.json line 1: operator: unknown key 'strid'; did you mean 'stride'?")]
    [InlineData("{ \"kernel\": [3, 3],\n \"outputs\": 0 }", "spec.json line 2: 'outputs' is 0, but a whole number of at least 1 is needed.")]
    [InlineData("{ \"kernel\": [9, 3],\n \"outputs\": 2 }", "apply forward: kernel 9 does not fit input 5 with padding 0 on axis 0; pad by 4 more or use a kernel of at most 5.")]
    [InlineData("""{ "kernel": [3], "outputs": 2 }""", "takes 3: batch, channels and 1 spatial")]
    [InlineData("""{ "kernel": [3, 3], "outputs": 2, "channels": { "groups": 2 } }""", "groups")]
    [InlineData("""{ "kernel": [2, 3], "outputs": 2 }""", "--kernel: its shape is [2, 3, 3, 3], but the operator takes [2, 3, 2, 3] here.")]
    public void A_misfit_is_one_line_on_standard_error_and_exit_code_1(string spec, string message)
    {
        Write("v.npy", [1, 3, 5, 5], new float[75]);
        Write("k.npy", [2, 3, 3, 3], new float[54]);
        var run = ToolRun.Of("apply", "forward", "--spec", folder.Write("spec.json", spec), "--input", folder["v.npy"], "--kernel", folder["k.npy"], "--out", folder["z.npy"]);
        Assert.Equal(1, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Empty(run.Output);
        Assert.False(File.Exists(folder["z.npy"]));
    }

    [Fact]
    public void A_size_that_no_forward_pass_came_from_lists_the_legal_ones()
    {
        var spec = folder.Write("spec.json", """{ "kernel": [3], "outputs": 1, "stride": [3] }""");
        Write("k.npy", [1, 1, 3], [1f, 2, 3]);
        Write("g.npy", [1, 1, 2], [1f, 1]);
        var run = ToolRun.Of("apply", "input-gradient", "--spec", spec, "--kernel", folder["k.npy"], "--grad", folder["g.npy"], "--input-size", "9", "--out", folder["dv.npy"]);
        Assert.Equal(1, run.Code);
        Assert.Contains("legal original sizes are 6, 7, 8", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_two_types_and_of_other_types_are_refused()
    {
        var spec = folder.Write("spec.json", """{ "kernel": [1], "outputs": 1 }""");
        Write("v.npy", [1, 1, 1], [1f]);
        Write("k.npy", [1, 1, 1], [1.0]);
        var mixed = ToolRun.Of("apply", "forward", "--spec", spec, "--input", folder["v.npy"], "--kernel", folder["k.npy"], "--out", folder["z.npy"]);
        Assert.Equal(1, mixed.Code);
        Assert.Contains("one file holds Float32 and another Float64", mixed.Error, StringComparison.Ordinal);

        Write("k.npy", [1, 1, 1], [1]);
        var whole = ToolRun.Of("apply", "forward", "--spec", spec, "--input", folder["v.npy"], "--kernel", folder["k.npy"], "--out", folder["z.npy"]);
        Assert.Contains("it holds Int32, but Float32 or Float64 is needed", whole.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_matrix_beyond_memory_is_refused_before_it_is_made()
    {
        var spec = folder.Write("spec.json", """{ "kernel": [1, 1], "outputs": 1 }""");
        Write("k.npy", [1, 1, 1, 1], [1f]);
        var run = ToolRun.Of("apply", "matrix", "--spec", spec, "--kernel", folder["k.npy"], "--input-size", "46000,46000", "--out", folder["a.npz"]);
        Assert.Equal(1, run.Code);
        Assert.Contains("the result has 2116000000 elements", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_written_is_found_before_work()
    {
        var spec = folder.Write("spec.json", """{ "kernel": [1], "outputs": 1 }""");
        Write("v.npy", [1, 1, 1], [1f]);
        var run = ToolRun.Of("apply", "forward", "--spec", spec, "--input", folder["v.npy"], "--kernel", folder["missing.npy"], "--out", Path.Combine(folder["nowhere"], "z.npy"));
        Assert.Equal(1, run.Code);
        Assert.Contains("does not exist; make it first", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "apply")]
    [InlineData(2, "apply", "forward")]
    [InlineData(2, "apply", "forwards")]
    [InlineData(2, "apply", "matrix", "--spec", "s", "--kernel", "k", "--out", "a", "--input-size", "3,0")]
    [InlineData(2, "aply")]
    [InlineData(0, "apply", "--help")]
    [InlineData(0, "apply", "forward", "--help")]
    public void Bad_usage_is_exit_code_2_and_help_is_not(int code, params string[] arguments)
    {
        var run = ToolRun.Of(arguments);
        Assert.Equal(code, run.Code);
        if (code == 0) Assert.Contains("tessera apply forward --spec spec.json", run.Output, StringComparison.Ordinal);
        else Assert.Contains("--help", run.Error, StringComparison.Ordinal);
    }

    private static void Fine(params string[] arguments)
    {
        var run = ToolRun.Of(["apply", .. arguments]);
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.Code);
    }

    private void RandomOperators<T>()
        where T : unmanaged, IFloatingPointIeee754<T> =>
        RandomOperator.Any.Sample(
            op =>
            {
                // Exact, as the tool is.
                var plan = op.Description.Plan<T>(op.InputShape, new PlanOptions { Exact = true });
                Tensor<T> v = op.Random<T>(op.InputShape, 1), k = op.Random<T>(plan.KernelShape, 2), g = op.Random<T>(plan.OutputShape, 3);
                var z = Tensor.CreateFromShape<T>(plan.OutputShape.ToLengths());
                var dk = Tensor.CreateFromShape<T>(plan.KernelShape.ToLengths());
                var dv = Tensor.CreateFromShape<T>(plan.InputShape.ToLengths());
                NpyFile.Write<T>(folder["v.npy"], v);
                NpyFile.Write<T>(folder["k.npy"], k);
                NpyFile.Write<T>(folder["g.npy"], g);
                var spec = folder.Write("spec.json", ConvolutionJson.Format(op.Description));
                string[] bias = [], biasOutput = [];
                if (plan.HasBias)
                {
                    var b = op.Random<T>(plan.BiasShape, 4);
                    var db = Tensor.CreateFromShape<T>(plan.BiasShape.ToLengths());
                    NpyFile.Write<T>(folder["b.npy"], b);
                    bias = ["--bias", folder["b.npy"]];
                    biasOutput = ["--bias-out", folder["db.npy"]];
                    plan.Forward(v, k, b, z);
                    plan.KernelGradient(v, g, dk, db);
                    Fine(["kernel-gradient", "--spec", spec, "--input", folder["v.npy"], "--grad", folder["g.npy"], "--out", folder["dk.npy"], .. biasOutput]);
                    AssertFile(db, "db.npy");
                }
                else
                {
                    plan.Forward(v, k, default, z);
                    plan.KernelGradient(v, g, dk, default);
                    Fine("kernel-gradient", "--spec", spec, "--input", folder["v.npy"], "--grad", folder["g.npy"], "--out", folder["dk.npy"]);
                }

                AssertFile(dk, "dk.npy");
                Fine(["forward", "--spec", spec, "--input", folder["v.npy"], "--kernel", folder["k.npy"], "--out", folder["z.npy"], .. bias]);
                AssertFile(z, "z.npy");
                plan.InputGradient(k, g, dv);
                string[] told = ["--input-size", string.Join(',', op.InputShape.From(2)), "--input-channels", $"{op.InputShape[1]}"];
                Fine(["input-gradient", "--spec", spec, "--kernel", folder["k.npy"], "--grad", folder["g.npy"], .. told, "--out", folder["dv.npy"]]);
                AssertFile(dv, "dv.npy");
                Fine(["matrix", "--spec", spec, "--kernel", folder["k.npy"], .. told, "--out", folder["a.npz"]]);
                Assert.Equal(plan.ToMatrix(k).Values, NpzFile.Read(folder["a.npz"], "data").ToArray<T>());
            },
            iter: 25,
            threads: 1);

    private void AssertFile<T>(Tensor<T> wanted, string name)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var array = NpyFile.Read(folder[name]);
        Assert.Equal(Sizes.Of(wanted.Lengths), array.Shape);
        var values = new T[wanted.FlattenedLength];
        wanted.FlattenTo(values);
        Assert.Equal(values, array.ToArray<T>());
    }

    private void Write<T>(string name, Sizes shape, T[] values)
        where T : unmanaged => NpyFile.Write<T>(folder[name], Tensor.Create(values, shape.ToLengths()));

    private float[] Read(string name) => NpyFile.Read(folder[name]).ToArray<float>();
}
